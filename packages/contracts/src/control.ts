import * as z from "zod";
import { RunId } from "./ids.ts";
import { SessionPhase } from "./session.ts";

/** What an operator can tell a session. */
export const ControlVerb = z.enum(["retire", "recycle", "reset", "recover", "stop", "destroy", "interrupt"]);
/** See {@link ControlVerb}. */
export type ControlVerb = z.infer<typeof ControlVerb>;

/** What a verb did. Counts are of inputs; those that do not apply are zero. */
export const ControlReport = z.strictObject({
  verb: ControlVerb,
  phaseBefore: SessionPhase,
  phaseAfter: SessionPhase,
  /** Ended by this command. */
  inputsAbandoned: z.int().nonnegative(),
  /** Left to drain: queued, staged or applied-pending when intake closed. */
  inputsPendingDrain: z.int().nonnegative(),
  /** Carried over a recycle. */
  inputsTransferred: z.int().nonnegative(),
  /** Not terminal when recovery looked at them, and kept. */
  inputsRecovered: z.int().nonnegative(),
  /** Returned by recovery from a dead attempt to their place. */
  inputsRequeued: z.int().nonnegative(),
  /** Ephemeral and derived inputs that ended because the session was rebuilt. */
  inputsDropped: z.int().nonnegative(),
  /** The run that was told to end, if one was. */
  abortedRunId: RunId.optional(),
  /** Nothing was done: this is what the verb would come to. Absent when it was done. */
  isDryRun: z.literal(true).optional(),
});
/** See {@link ControlReport}. */
export type ControlReport = z.infer<typeof ControlReport>;
