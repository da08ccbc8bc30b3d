import type { SessionRef } from "@holdfast/contracts";

/**
 * Large content of inputs, beside the ledger: what is kept in the ledger names it.
 *
 *   D54  A blob is named by the digest of its content: to put it twice is to put
 *        it once, and a name never stands for anything else.
 *   D55  A blob belongs to its session: no other session, of this tenant or of
 *        another, can read or name it. It goes with its session.
 *
 * Rejects with `store.unavailable`.
 */
export interface Blobs {
  /** Keeps a blob. Resolves when it is as durable as an admission is. */
  put(ref: SessionRef, name: string, content: Uint8Array): Promise<void>;

  /** The content, or `null` when the session has no such blob. */
  find(ref: SessionRef, name: string): Promise<Uint8Array | null>;

  /** Removes every blob of a session that is gone. */
  clear(ref: SessionRef): Promise<void>;
}
