import * as z from "zod";

/**
 * What an input does to the work that is already there.
 *
 * | policy | in a session with work |
 * |---|---|
 * | `queue` | waits in the queue lane |
 * | `steer` | waits in the steer lane, and asks the run in progress for attention |
 * | `interrupt` | ends the run in progress, which keeps its receipt, and runs next |
 * | `rollback` | ends the run in progress without receipt or state, and runs next |
 * | `latest` | takes the place of what is queued in its scope; without a supersession key, of all of its kind in its lane |
 * | `merge` | joins what is queued in its scope: a new input that carries the content of both |
 * | `debounce` | waits for a window without a newer one of its scope, which takes its place |
 * | `drop` | is refused, and nothing is recorded |
 * | `hold` | waits for the next input that wakes the session |
 */
export const OverlapPolicy = z.enum([
  "queue",
  "steer",
  "interrupt",
  "rollback",
  "latest",
  "merge",
  "debounce",
  "drop",
  "hold",
]);
/** See {@link OverlapPolicy}. */
export type OverlapPolicy = z.infer<typeof OverlapPolicy>;

/** Longest window of a debounce, in milliseconds: a day. */
export const MAX_DEBOUNCE_MS = 86_400_000;

/** Windows after which a debounced input runs however many newer ones came, unless it says otherwise. */
export const DEBOUNCE_MAX_WINDOWS = 10;

/** Wait for a pause: how long it must be, and how long the first of a series waits for one at most. */
export const Debounce = z.strictObject({
  policy: z.literal("debounce"),
  windowMs: z.int().positive().max(MAX_DEBOUNCE_MS),
  /** From the first input of the series; ten windows by default. */
  maxWaitMs: z
    .int()
    .positive()
    .max(MAX_DEBOUNCE_MS * DEBOUNCE_MAX_WINDOWS)
    .optional(),
});
/** See {@link Debounce}. */
export type Debounce = z.infer<typeof Debounce>;

/** An overlap policy by its name, or the one that takes times. */
export const Overlap = z.union([OverlapPolicy.exclude(["debounce"]), Debounce]);
/** See {@link Overlap}. */
export type Overlap = z.infer<typeof Overlap>;

/** The name of a policy. */
export function overlapPolicyOf(overlap: Overlap): OverlapPolicy {
  return typeof overlap === "string" ? overlap : overlap.policy;
}
