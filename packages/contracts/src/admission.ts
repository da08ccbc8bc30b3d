import * as z from "zod";
import { Ack } from "./acknowledgement.ts";
import { AppError } from "./errors/app-error.ts";
import { InputId } from "./ids.ts";
import { InputStatus } from "./outcome.ts";
import { PolicyDecision, Signal } from "./policy.ts";

/**
 * The answer to an admission.
 *
 * `accepted` and `deduplicated` are acknowledgements at the stated level;
 * `rejected` recorded nothing.
 */
export const Admission = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("accepted"),
    inputId: InputId,
    /** Place in the session's order of admission, from 1. */
    admission: z.int().positive(),
    policy: PolicyDecision,
    status: InputStatus,
    signal: Signal,
    /** The input that carries its content, where it was merged with what was queued. */
    mergedInto: InputId.optional(),
    ack: Ack,
  }),
  z.strictObject({
    kind: z.literal("deduplicated"),
    inputId: InputId,
    /** The input that owns the key, or the id. */
    existingId: InputId,
    admission: z.int().positive(),
    status: InputStatus,
    ack: Ack,
  }),
  z.strictObject({
    kind: z.literal("rejected"),
    reason: z.enum([
      "durability_violation",
      "peer_handling_mode_invalid",
      "peer_terminal_invalid",
      "overlap_invalid",
      "expiry_invalid",
      /** Its overlap policy is `drop`, and the session has work. */
      "busy",
    ]),
    detail: z.string(),
  }),
]);
/** See {@link Admission}. */
export type Admission = z.infer<typeof Admission>;

/** The failure that a rejection is told as, where an admission cannot be answered with: `input.rejected` with `reason`. */
export function rejectionError({ detail, reason }: Extract<Admission, { kind: "rejected" }>): AppError {
  return new AppError("input.rejected", { message: detail, details: { reason } });
}
