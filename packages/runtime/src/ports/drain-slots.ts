import type { NodeId, SessionPhase, SessionRef } from "@holdfast/contracts";

/**
 * Which process drains the peer inbox of a session, and what outlives every
 * process of that: the wish to be kept alive, and a dismissal.
 *
 *   D44  A slot is taken by one drain at a time; a drain that does not renew it
 *        loses it when its lease ends, and one that lost it changes nothing.
 *   D45  The wish to be kept alive stays until it is changed.
 *   D46  A dismissal lasts until the session has been ended and revived; until
 *        then nobody gets the slot.
 *
 * Rejects with `session.torn`.
 */
export interface DrainSlots {
  /** The slot of a session, or `null` for an unknown session. */
  find(ref: SessionRef): Promise<DrainSlot | null>;

  /** Records whether the session is to be kept alive for its peers; `null` for an unknown session. */
  keepAlive(ref: SessionRef, isKeepAlive: boolean): Promise<DrainSlot | null>;

  /** Takes the slot, or extends the lease of the drain that has it. */
  claim(command: ClaimDrainSlot): Promise<ClaimDrainSlotReply>;

  /** Gives the slot back. Only the drain that has it may, and only it may record a dismissal. */
  release(command: ReleaseDrainSlot): Promise<ReleaseDrainSlotReply>;
}

/** A slot at one moment, with what of its session a drain goes by. */
export interface DrainSlot {
  readonly phase: SessionPhase;
  /** Moves when all inputs of the session end at once; a dismissal belongs to the one it was recorded in. */
  readonly generation: number;
  readonly isBound: boolean;
  readonly hasRun: boolean;
  readonly isKeepAlive: boolean;
  /** Dismissed, and not revived since. */
  readonly isDismissed: boolean;
  /** Who drains, while its lease lasts. */
  readonly holder: DrainHolder | null;
}

/** A drain in some process. */
export interface DrainHolder {
  readonly drainId: string;
  readonly node: NodeId;
  /** How long its lease still lasts, in milliseconds. */
  readonly remainingMs: number;
}

/** Asks for a slot. */
export interface ClaimDrainSlot {
  readonly ref: SessionRef;
  /** Random per drain: `drn_…`. */
  readonly drainId: string;
  readonly node: NodeId;
  readonly leaseMs: number;
}

/** `held` leaves the slot with whoever asked; nothing else changed anything. */
export type ClaimDrainSlotReply =
  | { readonly kind: "held" | "taken" | "dismissed"; readonly slot: DrainSlot }
  | { readonly kind: "missing" };

/** Gives a slot back. */
export interface ReleaseDrainSlot {
  readonly ref: SessionRef;
  readonly drainId: string;
  /** A peer with the right to do so dismissed the session. */
  readonly isDismissal: boolean;
}

/** `lost` changed nothing: the drain did not have the slot any more. */
export type ReleaseDrainSlotReply =
  | { readonly kind: "released"; readonly generation: number }
  | { readonly kind: "lost" | "missing" };
