import type { InteractionStatus, RunId, RunStanding, SessionRef } from "@holdfast/contracts";
import type { InputTarget } from "./accept-options.ts";

/**
 * Where work stands, for whoever was not there when it was asked for. Answers
 * come from the rows of the ledger, also for a session that is not registered,
 * and say whether a worker holds the session at that moment.
 */
export interface StatusApi {
  /** An input by its id or by exactly the key it was sent with; `null` when there is none. */
  interactionStatus(ref: SessionRef, target: InputTarget): Promise<InteractionStatus | null>;

  /**
   * A run by its witnesses, the inputs whose last run it is. Without any it has
   * not failed: after a batch was taken apart its inputs go on in other runs.
   */
  runStatus(ref: SessionRef, runId: RunId): Promise<RunStanding>;
}
