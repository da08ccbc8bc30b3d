import type { SessionRef } from "@holdfast/contracts";

/**
 * When somebody looks for blobs that nothing refers to any more, and what refers
 * to blobs.
 *
 *   D57  A session whose look is planned is swept as `part: "blobs"` when its time
 *        has come, whether there is such a session or not, until the plan is
 *        dropped. Trimming inputs, destroying and unregistering a session plan one.
 *   D58  A walk through all mentions of a session names every blob that some text
 *        of it contained from the beginning of the walk to its end.
 *
 * Rejects with `store.unavailable`.
 */
export interface Collection {
  /** Somebody looks at the session's blobs after that long; sooner, if that was planned already. */
  plan(ref: SessionRef, afterMs: number): Promise<void>;

  /** Nobody has to look, until it is planned anew. */
  drop(ref: SessionRef): Promise<void>;

  /** Names of blobs in some of the session's texts. `null` begins a walk. */
  mentions(ref: SessionRef, cursor: string | null): Promise<Mentions>;
}

/** One bounded step of a walk. */
export interface Mentions {
  readonly names: readonly string[];
  /** Where the walk goes on; `null` at its end. */
  readonly next: string | null;
}
