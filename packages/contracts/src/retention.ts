import { DEFAULT_RETENTION, MIN_KEPT, type Retention } from "./defaults.ts";
import { AppError } from "./errors/app-error.ts";

/** The retention of a store. @throws config.invalid for less than what a repeated call may ask for */
export function retentionOf(wanted: Partial<Retention> = {}): Retention {
  const retention = { ...DEFAULT_RETENTION, ...wanted };
  for (const [name, count] of Object.entries(retention)) {
    if (Number.isSafeInteger(count) && count >= MIN_KEPT) continue;
    throw new AppError("config.invalid", { message: `${name} is ${count}; it must be ${MIN_KEPT} or more` });
  }
  return retention;
}
