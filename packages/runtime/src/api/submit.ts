import type { NewInput, SessionRef, SubmitOutcome } from "@holdfast/contracts";
import type { AcceptOptions } from "./accept-options.ts";

/** Submitting under a bound, for callers that must not wait and must not do things twice. */
export interface SubmitApi {
  /**
   * Admits an input under a key and answers within the bound with what is known:
   * admitted, collapsed onto an earlier submission, refused, or that time ran out
   * and what the store can testify by then. The bound limits what the caller
   * sees, never the work. Every outcome says what to do next.
   *
   * @remarks
   * A quarter of the bound (100 ms to 5 s) is set aside to find out about a
   * submission that was not answered; with a bound of zero nothing but that is
   * waited for. Nothing is called durable that this store does not write to disk.
   *
   * @throws request.invalid for a bound that is no whole number of milliseconds, id.invalid for the key
   */
  submitBounded(ref: SessionRef, input: NewInput, options: SubmitOptions): Promise<SubmitOutcome>;
}

/** Under which key an input is submitted, and how long the caller looks. */
export interface SubmitOptions extends AcceptOptions {
  readonly key: string;
  /** Milliseconds; 30,000 unless said otherwise. Zero answers from what the store can testify. */
  readonly boundMs?: number;
}
