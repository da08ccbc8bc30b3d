import type { SessionRef, Verification } from "@holdfast/contracts";

/** Proving a ledger. */
export interface VerifyApi {
  /**
   * Recomputes the chain of receipts, checks that it is dense and that it, the
   * inputs and the committed state agree, and names what does not fit. What is
   * committed while it looks is left out.
   *
   * @throws session.not_found, session.destroyed
   */
  verifySession(ref: SessionRef): Promise<Verification>;
}
