import type { SessionRef } from "@holdfast/contracts";

/**
 * Large content, beside the ledger: what is kept in the ledger names it.
 *
 *   D54  A blob is named by the digest of its content: to put it twice is to put
 *        it once, and a name never stands for anything else.
 *   D55  A blob belongs to its session: no other session, of this tenant or of
 *        another, can read or name it. It goes with its session.
 *   D56  A blob that is put again is as young as one that is put for the first
 *        time: who is about to refer to it has as long as anybody has.
 *
 * Rejects with `store.unavailable`.
 */
export interface Blobs {
  /** Keeps a blob. Resolves when it is as durable as an admission is. */
  put(ref: SessionRef, name: string, content: Uint8Array): Promise<void>;

  /** The content, or `null` when the session has no such blob. */
  find(ref: SessionRef, name: string): Promise<Uint8Array | null>;

  /** How many blobs of a session are at least that old, in milliseconds, and how many are not (D56). */
  count(ref: SessionRef, ageMs: number): Promise<BlobCount>;

  /** Removes the blobs of a session that are at least that old and not among `names` (D56). */
  retain(ref: SessionRef, names: ReadonlySet<string>, ageMs: number): Promise<void>;

  /** Removes every blob of a session that is gone. */
  clear(ref: SessionRef): Promise<void>;
}

/** Blobs of a session by age. */
export interface BlobCount {
  readonly old: number;
  readonly young: number;
}
