import type {
  Delivery,
  DeliveryDisposition,
  DeliveryId,
  DrainReport,
  NewDelivery,
  SessionRef,
} from "@holdfast/contracts";
import type { PendingDeliveries } from "../ports/deliveries.ts";

/**
 * Messages that must reach a session exactly once and in order, also one that is
 * not registered: it need not exist when they are submitted. A worker turns each
 * into an external event whose key is the delivery's id.
 *
 * @remarks
 * A producer keeps what it sends until `submitDelivery` has answered, and sends
 * it again with the same id until then. Deliveries of a session that does not
 * exist, or is being unregistered, wait for it. One that the session will never take, because it was
 * stopped or destroyed, retired or took the key for something else, is applied
 * as `refused` with the code, so that those behind it go on. Neither destroying
 * nor unregistering a session touches its inbox. Any call rejects with
 * `store.corrupt` where an inbox contradicts itself.
 */
export interface DeliveriesApi {
  /**
   * Commits a delivery once; a repeat is the first one again.
   *
   * @throws delivery.invalid, delivery.conflict when the id stands for another submission, input.too_large
   */
  submitDelivery(ref: SessionRef, submission: NewDelivery): Promise<SubmittedDelivery>;

  /**
   * Moves the inbox over its next delivery, for whoever applies deliveries by
   * itself. A repeat changes nothing: what became of it first stands.
   *
   * @throws delivery.not_found, delivery.out_of_order with `expected` and `actual`, delivery.invalid for a disposition that
   * is none
   */
  markDeliveryApplied(
    ref: SessionRef,
    deliveryId: DeliveryId,
    disposition?: DeliveryDisposition,
  ): Promise<{ readonly sequence: number }>;

  /** The next deliveries that were not applied, in sequence, at most 100. */
  pendingDeliveries(ref: SessionRef, options?: { readonly limit?: number }): Promise<PendingDeliveries>;

  /** One delivery and what became of it, or `null`. */
  deliveryState(ref: SessionRef, deliveryId: DeliveryId): Promise<Delivery | null>;

  /** Applies what is pending, now, in this process. A worker does so by itself. */
  drainDeliveries(ref: SessionRef): Promise<DrainReport>;
}

/** A delivery that is committed. */
export interface SubmittedDelivery {
  readonly sequence: number;
  /** It was committed by an earlier call. */
  readonly isDeduplicated: boolean;
}
