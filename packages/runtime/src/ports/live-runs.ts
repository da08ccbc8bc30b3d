/**
 * Writes of a run in progress, between its staging and its settlement.
 *
 *   T6  An inner boundary and what the inbox gives are one step: what is handed
 *       out is staged durably before (L3), what is applied is so under a receipt.
 *   T7  Safe to send twice: a repeat returns what the first call took.
 *   T8  The inbox takes the leading inputs of the steer lane, in order; what it
 *       leaves stays where it is.
 *   T9  A silence is noted once, until something is seen of the run again.
 *
 * Fenced like every write of a run (L4).
 */
import type { Ack, Boundary, CancelMode, Fence, InputId, NodeId, SessionRef } from "@holdfast/contracts";
import type { BoundaryCommit, StagedInput } from "./ledger.ts";

/** What a store does for a run in progress. */
export interface LiveRuns {
  /** Commits an inner boundary, looks into the inbox, or both (T6). */
  checkpoint(command: CheckpointCommand): Promise<CheckpointReply>;

  /** Notes that nothing was seen of the run for long (T9). */
  noteStall(command: StallCommand): Promise<StallReply>;
}

/** A boundary within a run, with what must still be true for it to count. */
export interface InnerBoundary extends BoundaryCommit {
  readonly sequence: number;
  readonly expectedPosition: number;
  readonly previousDigest: string;
  readonly boundary: Boundary;
  readonly contributors: readonly InputId[];
  /** Canonical JSON of what the run keeps; `null` leaves what it has. */
  readonly data: string | null;
}

/** One call of a run in progress. */
export interface CheckpointCommand {
  readonly ref: SessionRef;
  readonly fence: Fence;
  readonly attempt: number;
  /** The call's place among those of the attempt, from 1, dense; makes a repeat recognisable. */
  readonly call: number;
  /** Digest over what the call says. */
  readonly callDigest: string;
  /** Committed first; `null` for none. */
  readonly boundary: InnerBoundary | null;
  /** How much is taken; `null` to take nothing. */
  readonly inbox: { readonly maxInputs: number; readonly maxBytes: number } | null;
}

/** What a call came to; only `taken` wrote anything, once however often it is sent. */
export type CheckpointReply =
  | {
      readonly kind: "taken";
      readonly isRepeat: boolean;
      readonly position: number;
      /** How the run was asked to end; such a run is given no more inputs. */
      readonly cancelMode: CancelMode | null;
      readonly inputs: readonly StagedInput[];
      readonly followers: readonly NodeId[];
      readonly cursor: number;
      readonly ack: Ack;
    }
  | { readonly kind: "fenced" }
  | { readonly kind: "conflict"; readonly position: number }
  | { readonly kind: "missing" }
  | { readonly kind: "torn" };

/** The run that is silent. */
export interface StallCommand {
  readonly ref: SessionRef;
  readonly fence: Fence;
}

/** How long nothing was seen of the run when that was noted. */
export type StallReply =
  | {
      readonly kind: "noted";
      readonly silentMs: number;
      readonly followers: readonly NodeId[];
      readonly cursor: number;
    }
  | { readonly kind: "fenced" };
