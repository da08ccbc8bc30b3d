import type { RequestId, RunId, SessionRef } from "@holdfast/contracts";

/** Runs that wait outside a worker, as any process sees them. */
export interface RunsApi {
  /**
   * Lets a suspended run go on, once per request id: it is staged again under its
   * own id and finds `value` as `turn.resumed.value`. A run that waits for a time
   * goes on before it. A repeat is answered as the first call was.
   *
   * @throws run.not_suspended, request.invalid for a value that is no JSON, session.not_found, session.torn,
   * idempotency.mismatch when the request id named a control verb
   */
  resumeRun(ref: SessionRef, command: ResumeRunCommand): Promise<void>;
}

/** Which run goes on, and with what. */
export interface ResumeRunCommand {
  readonly runId: RunId;
  readonly requestId: RequestId;
  /** JSON; absent for none. */
  readonly value?: unknown;
}
