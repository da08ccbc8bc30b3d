/**
 * The delivery inbox of a session: messages that must be applied to it once and
 * in order. It lives beside the session, so that it takes messages for one that
 * is not there yet, not any more, or at rest.
 *
 *   D61  Sequences are dense, from 1, in the order of commits; committing is one
 *        step, and a delivery id is committed once.
 *   D62  The same id with the same submission is the first delivery again, with
 *        another one a conflict, for ever: what identifies a delivery is kept as
 *        long as the inbox, only the payloads of those applied long ago are not.
 *   D63  Applied in sequence: none before the one in front of it, each once.
 *   D64  What the inbox says of itself is checked whenever it is opened. One that
 *        contradicts itself is `store.corrupt` and is never repaired.
 *   D65  An inbox with pending deliveries is due at a finite time while its
 *        session exists, and becomes due when its session is registered.
 */
import type {
  DeliveryDisposition,
  DeliveryId,
  DeliverySubmission,
  SessionRef,
  Delivery as StoredDelivery,
} from "@holdfast/contracts";

/** The delivery inboxes of a store. Rejects with `store.unavailable` or `store.corrupt`. */
export interface Deliveries {
  /** Commits a delivery, or finds it (D61, D62). */
  submit(command: SubmitDelivery): Promise<SubmitDeliveryReply>;

  /** Moves the cursor over the next delivery (D63). */
  markApplied(command: MarkDeliveryApplied): Promise<MarkDeliveryReply>;

  /** The next pending deliveries, in sequence. */
  pending(ref: SessionRef, limit: number): Promise<PendingDeliveries>;

  /** One delivery, or `null`. */
  find(ref: SessionRef, deliveryId: DeliveryId): Promise<StoredDelivery | null>;

  /** Says that a drain has ended, so that the inbox is due when it should be looked at again (D65). */
  rest(ref: SessionRef): Promise<void>;
}

/** A submission, and what tells it from another under the same id. */
export interface SubmitDelivery {
  readonly ref: SessionRef;
  readonly submission: DeliverySubmission;
  /** Digest over the whole submission. */
  readonly digest: string;
}

/** What came of a submission; only `committed` wrote anything. */
export type SubmitDeliveryReply =
  | { readonly kind: "committed" | "reused"; readonly sequence: number }
  | { readonly kind: "conflict"; readonly sequence: number };

/** That a delivery was dealt with, and how. */
export interface MarkDeliveryApplied {
  readonly ref: SessionRef;
  readonly deliveryId: DeliveryId;
  readonly disposition: DeliveryDisposition;
}

/** Whether the cursor moved; only `applied` wrote anything. */
export type MarkDeliveryReply =
  | { readonly kind: "applied"; readonly sequence: number }
  /** It was applied before; what became of it then stands. */
  | { readonly kind: "repeated"; readonly sequence: number }
  | { readonly kind: "out_of_order"; readonly expected: number; readonly actual: number }
  | { readonly kind: "missing" };

/** The front of an inbox. */
export interface PendingDeliveries {
  readonly items: readonly StoredDelivery[];
  /** Sequence of the last one that was applied. */
  readonly applied: number;
  /** Sequence of the last one that was committed. */
  readonly committed: number;
}
