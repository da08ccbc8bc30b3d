import * as z from "zod";
import { RunId } from "./ids.ts";
import { SessionPhase } from "./session.ts";

/**
 * What must be over before a session can be removed: the run in progress, the
 * drain of its peer inbox, the waiters of what it holds.
 */
export const Obligation = z.enum(["loop", "drain", "waiters"]);
/** See {@link Obligation}. */
export type Obligation = z.infer<typeof Obligation>;

/** Where an obligation stands; `forced` was closed without waiting for whoever owed it. */
export const ObligationStatus = z.enum(["open", "closed", "forced"]);
/** See {@link ObligationStatus}. */
export type ObligationStatus = z.infer<typeof ObligationStatus>;

/** What became of feedback about an obligation. */
export const ObligationAnswer = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("noted"), status: ObligationStatus }),
  /** A run is in progress, or inputs are left: without force it stays open. */
  z.strictObject({ kind: z.literal("open") }),
  /** Nothing is being unregistered, or the obligation is closed. */
  z.strictObject({ kind: z.literal("ignored") }),
]);
/** See {@link ObligationAnswer}. */
export type ObligationAnswer = z.infer<typeof ObligationAnswer>;

/** What removing a session did. */
export const UnregisterReport = z.strictObject({
  /** `false` for a session that was not there: nothing was done. */
  wasRegistered: z.boolean(),
  phaseBefore: SessionPhase.optional(),
  /** Ended because the session was removed. */
  inputsAbandoned: z.int().nonnegative(),
  /** The run that was ended by force, if one was. */
  abortedRunId: RunId.optional(),
  /** How each obligation was closed. */
  obligations: z.strictObject({ loop: ObligationStatus, drain: ObligationStatus, waiters: ObligationStatus }),
});
/** See {@link UnregisterReport}. */
export type UnregisterReport = z.infer<typeof UnregisterReport>;
