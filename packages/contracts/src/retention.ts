import { DEFAULT_RETENTION, MIN_KEPT, MIN_KEPT_BYTES, MIN_KEPT_MS, type Retention } from "./defaults.ts";
import { AppError } from "./errors/app-error.ts";

/** The least of each that may be kept. */
const LEAST: Retention = {
  keepInputs: MIN_KEPT,
  keepEvents: MIN_KEPT,
  keepMs: 0,
  keepBytes: 0,
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
  if (retention.keepBytes > 0 && retention.keepBytes < MIN_KEPT_BYTES) {
    throw new AppError("config.invalid", {
      message: `keepBytes is ${retention.keepBytes}; it must be 0, or ${MIN_KEPT_BYTES} or more`,
    });
  }
  return retention;
}

/** What retention says of inputs and events by their number and age. */
export type Kept = Pick<Retention, "keepInputs" | "keepEvents" | "keepMs">;

/** What retention says of inputs and events. */
export type KeptHistory = Kept & Pick<Retention, "keepBytes">;

/** What a session keeps: what its settings say, where that is less than its store keeps. */
export function keptBy(retention: KeptHistory, own: Partial<KeptHistory> = {}): KeptHistory {
  return {
    keepInputs: Math.min(retention.keepInputs, own.keepInputs ?? retention.keepInputs),
    keepEvents: Math.min(retention.keepEvents, own.keepEvents ?? retention.keepEvents),
    keepMs: leastOf(retention.keepMs, own.keepMs),
    keepBytes: leastOf(retention.keepBytes, own.keepBytes),
  };
}

/** The lesser of two bounds; 0 is none. */
function leastOf(one: number, other = 0): number {
  return one === 0 || other === 0 ? one + other : Math.min(one, other);
}
