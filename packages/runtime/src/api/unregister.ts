import type { Obligation, ObligationAnswer, RequestId, SessionRef, UnregisterReport } from "@holdfast/contracts";

/** Removing a session from the directory, in two phases. */
export interface UnregisterApi {
  /**
   * Removes a session: nothing new is admitted or staged, what is staged may
   * still commit, what is left ends as `unregistered`. Resolves when the session
   * is removed, with the same report for everybody who asked meanwhile. Its
   * ledger stays, and registering it again goes on with it.
   *
   * Waits for a run, and for a drain, `unregisterMs` at the most each; with
   * `force` not at all. A caller that dies leaves the rest to any worker. For a
   * session that is not there it does nothing and says so.
   *
   * @throws session.destroyed, session.torn
   */
  unregisterSession(ref: SessionRef, options?: UnregisterOptions): Promise<UnregisterReport>;

  /**
   * Says that what a session on its way out owed is over, or ends it by force.
   * An observation that comes late changes nothing.
   *
   * @throws session.torn
   */
  closeObligation(ref: SessionRef, feedback: ObligationFeedback): Promise<ObligationAnswer>;
}

/** How a session is removed. */
export interface UnregisterOptions {
  /** A repeat with it gets the first report, also after the session was registered again. */
  readonly requestId?: RequestId;
  /** Ends a run and a drain at once. */
  readonly force?: boolean;
}

/** The word of whoever owes an obligation, or of somebody who does not wait for it. */
export interface ObligationFeedback {
  readonly obligation: Obligation;
  readonly force?: boolean;
}
