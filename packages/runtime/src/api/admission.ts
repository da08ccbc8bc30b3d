import type { Admission, ExecutorResult, NewInput, SessionRef } from "@holdfast/contracts";
import type { Turn } from "../ports/executor.ts";
import type { AcceptOptions } from "./accept-options.ts";

/** Ways into a session beside `acceptInput`. */
export interface AdmissionApi {
  /**
   * As `acceptInput`, for the next turn: nothing is woken, nothing interrupted. The input waits for the next one
   * that wakes the session, and runs with it.
   *
   * @throws as `acceptInput`
   */
  acceptInputWithoutWake(ref: SessionRef, input: NewInput, options?: AcceptOptions): Promise<Admission>;

  /**
   * Admits an input and runs it here and now with an operation of the caller's, in a session that has no other
   * active input; no binding is needed. Resolves with the operation's value once its result is committed.
   *
   * The run is the runtime's, not the call's: it is leased and fenced as any other, and ends when the caller gives
   * up. What was not committed is queued again, for whoever runs the session next.
   *
   * @throws input.rejected for an input that is not accepted, and with `existingId` for a key that an input has;
   * session.not_accepting with `state` while another input is active; run.commit_failed; wait.timeout, or what the
   * signal was aborted with, for a caller that gives up; what the operation throws; otherwise as `acceptInput`
   */
  acceptInputAndRun<T>(
    ref: SessionRef,
    input: NewInput,
    operation: DirectOperation<T>,
    options?: DirectRunOptions,
  ): Promise<T>;
}

/** What a direct run does with its turn, and what the session keeps of it. */
export type DirectOperation<T> = (turn: Turn) => Promise<DirectResult<T>>;

/** The caller's value, and the result that is committed. */
export interface DirectResult<T> {
  readonly value: T;
  readonly result: ExecutorResult;
}

/** When a direct run is given up. */
export interface DirectRunOptions {
  /** Milliseconds; ten minutes by default. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}
