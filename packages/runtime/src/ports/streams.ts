/**
 * What runs write while they are in progress, for readers in any process.
 *
 * A stream belongs to a run and lasts over its attempts. Its parts are numbered
 * from 1 without gaps. Nobody closes a stream: how it stands follows from the
 * ledger, and changes in the same step as that.
 *
 *   T10  A chunk is written only under the current fence.
 *   T11  Safe to send twice: chunks that are there already are not written again.
 *   T12  A part is never changed, and its offset is never another part's.
 *   T13  Whoever stages a run again withdraws, in the same step, what its last
 *        attempt wrote after the last boundary; what came before stands.
 *   T14  A stream is closed exactly when its run has ended, with the run's status.
 *   T15  A run's stream is bounded. What goes beyond it is refused, and so is
 *        everything after it: what is there has no hole.
 *   T16  What is not kept is said to be so: a read never passes over parts in silence.
 */
import type { Fence, NodeId, RunId, SessionRef, StreamEnd } from "@holdfast/contracts";

/** The streams of a store. */
export interface Streams {
  /** Writes chunks of the staged run, in order. */
  append(command: AppendCommand): Promise<AppendReply>;

  /** What there is of a run's stream after an offset, in a session that was unregistered too. */
  read(query: ReadStreamQuery): Promise<ReadStreamReply>;
}

/** Chunks on their way into a stream. */
export interface AppendCommand {
  readonly ref: SessionRef;
  readonly fence: Fence;
  /** How many chunks this attempt has written before; makes a repeat recognisable (T11). */
  readonly position: number;
  /** Canonical JSON, one to a hundred. */
  readonly chunks: readonly string[];
}

/** What became of them. */
export type AppendReply =
  | {
      readonly kind: "appended";
      /** How many are there; those after them are refused (T15). */
      readonly written: number;
      /** Offset of the last part. */
      readonly offset: number;
      readonly followers: readonly NodeId[];
    }
  | { readonly kind: "fenced" };

/** What is read of a stream. */
export interface ReadStreamQuery {
  readonly ref: SessionRef;
  readonly runId: RunId;
  /** The last offset that is known; 0 for none. */
  readonly after: number;
  /** At most so many parts, and no more than a hundred. */
  readonly limit: number;
}

/** A stream from an offset on. */
export type ReadStreamReply =
  | {
      readonly kind: "read";
      /** In order, without gaps, from the offset after the one asked for. */
      readonly parts: readonly StoredPart[];
      /** Offset of the last part there is. */
      readonly offset: number;
      /** How the run ended; `null` while it goes on. */
      readonly end: StreamEnd | null;
      /** Something was refused (T15). */
      readonly isFull: boolean;
    }
  /** What comes after the offset is not kept any more (T16). */
  | { readonly kind: "expired" }
  /** The session has no such run, or keeps it no longer. */
  | { readonly kind: "unknown" }
  | { readonly kind: "destroyed" }
  | { readonly kind: "missing" };

/** A part as it is stored. */
export type StoredPart =
  | { readonly type: "chunk"; readonly json: string }
  | { readonly type: "retracted"; readonly from: number };
