import { DEFAULT_RETENTION, MIN_KEPT, MIN_KEPT_MS, type Retention } from "./defaults.ts";
import { AppError } from "./errors/app-error.ts";

/** The least of each that may be kept. */
const LEAST: Retention = {
  keepInputs: MIN_KEPT,
  keepEvents: MIN_KEPT,
  keepMs: 0,
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
  if (retention.keepMs > 0 && retention.keepMs < MIN_KEPT_MS) {
    throw new AppError("config.invalid", {
      message: `keepMs is ${retention.keepMs}; it must be 0, or ${MIN_KEPT_MS} or more`,
    });
  }
  return retention;
}

/** What retention says of inputs and events. */
export type Kept = Pick<Retention, "keepInputs" | "keepEvents" | "keepMs">;

/** What a session keeps: what its settings say, where that is less than its store keeps. */
export function keptBy(retention: Kept, own: Partial<Kept> = {}): Kept {
  const ages = [retention.keepMs, own.keepMs ?? 0].filter((ms) => ms > 0);
  return {
    keepInputs: Math.min(retention.keepInputs, own.keepInputs ?? retention.keepInputs),
    keepEvents: Math.min(retention.keepEvents, own.keepEvents ?? retention.keepEvents),
    keepMs: ages.length === 0 ? 0 : Math.min(...ages),
  };
}
