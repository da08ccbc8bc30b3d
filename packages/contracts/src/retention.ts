import { DEFAULT_RETENTION, MIN_KEPT, type Retention } from "./defaults.ts";
import { AppError } from "./errors/app-error.ts";

/** The least of each that may be kept. */
const LEAST: Retention = {
  keepInputs: MIN_KEPT,
  keepEvents: MIN_KEPT,
  keepStreams: 1,
  keepStreamBytes: 0,
  streamBytes: 0,
  streamParts: 0,
};

/** The retention of a store. @throws config.invalid for less than what a repeated call may ask for */
export function retentionOf(wanted: Partial<Retention> = {}): Retention {
  const retention = { ...DEFAULT_RETENTION, ...wanted };
  for (const [name, least] of Object.entries(LEAST)) {
    const count = retention[name as keyof Retention];
    if (Number.isSafeInteger(count) && count >= least) continue;
    throw new AppError("config.invalid", { message: `${name} is ${count}; it must be ${least} or more` });
  }
  return retention;
}
