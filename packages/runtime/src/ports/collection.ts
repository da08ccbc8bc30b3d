import type { Kept, SessionRef } from "@holdfast/contracts";

/**
 * When somebody looks for what a session may let go of: inputs and events that are
 * over, blobs that nothing refers to any more.
 *
 *   D57  A session whose look is planned is swept as `part: "blobs"` when its time
 *        has come, whether there is such a session or not, until the plan is
 *        dropped. Trimming inputs, destroying and unregistering a session plan one.
 *   D58  A walk through all mentions of a session names every blob that some text
 *        of it contained from the beginning of the walk to its end.
 *   D59  What is over and older than it is kept, by the store's clock, goes by the
 *        chores that a trim leaves; what lives, and a dead letter that nobody has
 *        decided about, stays.
 *
 *   D60  What inputs and events take is told from the latest down, a batch at once:
 *        the same for the same session, whatever it is kept in.
 *
 * Rejects with `store.unavailable`.
 */
export interface Collection {
  /** Somebody looks at the session's blobs after that long; sooner, if that was planned already. */
  plan(ref: SessionRef, afterMs: number): Promise<void>;

  /** Somebody looks after that long and not before; `null` for not until it is planned anew. */
  replan(ref: SessionRef, afterMs: number | null): Promise<void>;

  /** Leaves to chores what a session keeps beyond this (D59). */
  trim(ref: SessionRef, kept: Kept): Promise<TrimReply>;

  /** What some of them take (D60). `null` begins with the latest. */
  weigh(ref: SessionRef, of: "inputs" | "events", before: number | null): Promise<Weights>;

  /** Names of blobs in some of the session's texts. `null` begins a walk. */
  mentions(ref: SessionRef, cursor: string | null): Promise<Mentions>;
}

/** What a trim came to. */
export interface TrimReply {
  /** Chores do it now. */
  readonly isTrimming: boolean;
  /** Until something else of the session is older than it is kept; `null` when nothing will be. */
  readonly nextMs: number | null;
}

/** One bounded step down a session's inputs or events. */
export interface Weights {
  /** Bytes of each as `keepBytes` counts them, latest first; 0 for one that is gone. */
  readonly bytes: readonly number[];
  /** Where it goes on; `null` when all that is left was told. */
  readonly before: number | null;
}

/** One bounded step of a walk. */
export interface Mentions {
  readonly names: readonly string[];
  /** Where the walk goes on; `null` at its end. */
  readonly next: string | null;
}
