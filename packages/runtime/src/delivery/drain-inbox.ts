/**
 * Applies what an inbox has pending: each delivery becomes an input, in sequence,
 * and is marked once the input is acknowledged. Several processes may do so at
 * once: the delivery's id is the input's key, so whoever comes second finds what
 * the first has admitted (D63).
 */
import {
  AppError,
  type Delivery,
  type DeliveryDisposition,
  type DeliverySubmission,
  type DrainReport,
  isAppError,
  isRetryable,
  kindOf,
  type NewInput,
  type SessionPhase,
  type SessionRef,
} from "@holdfast/contracts";
import type { Ingress } from "../ingress/ingress.ts";
import type { Deliveries } from "../ports/deliveries.ts";
import { type RuntimeContext, refKey } from "../runtime-context.ts";

const PAGE = 20;

/** Why a delivery is left for later. */
type Wait = { readonly kind: "waits"; readonly waitsFor: "session" | "room" };

const SESSION: Wait = { kind: "waits", waitsFor: "session" };
const ROOM: Wait = { kind: "waits", waitsFor: "room" };

/** The drains of one process; one at a time for an inbox. */
export class InboxDrains {
  readonly #context: RuntimeContext;
  readonly #deliveries: Deliveries;
  readonly #ingress: Ingress;
  readonly #running = new Map<string, Promise<DrainReport>>();

  constructor(context: RuntimeContext, ingress: Ingress) {
    this.#context = context;
    this.#deliveries = context.store.deliveries;
    this.#ingress = ingress;
  }

  /** Applies what is pending; what was submitted before the call is among it. */
  async drain(ref: SessionRef): Promise<DrainReport> {
    const key = refKey(ref);
    // One that runs may have read its last page before the newest delivery was committed.
    while (this.#running.has(key)) await this.#running.get(key)?.catch(() => {});
    const draining = this.#drain(ref).finally(() => this.#running.delete(key));
    this.#running.set(key, draining);
    return draining;
  }

  /** Drains without being waited for; whatever fails, the inbox stays due. */
  drainSoon(ref: SessionRef): void {
    this.drain(ref).catch((error: unknown) => {
      this.#context.report({ level: "warn", phrase: "deliveries not drained", fields: { ref, error } });
    });
  }

  async #drain(ref: SessionRef): Promise<DrainReport> {
    let applied = 0;
    for (;;) {
      const { items } = await this.#deliveries.pending(ref, PAGE);
      for (const delivery of items) {
        const became = await this.#apply(ref, delivery);
        if (became.kind === "waits") return this.#end(ref, { applied, waitsFor: became.waitsFor });
        const reply = await this.#deliveries.markApplied({
          ref,
          deliveryId: delivery.deliveryId,
          disposition: became,
        });
        if (reply.kind === "applied") applied += 1;
      }
      if (items.length < PAGE) return this.#end(ref, { applied, waitsFor: null });
    }
  }

  async #end(ref: SessionRef, report: Omit<DrainReport, "pending">): Promise<DrainReport> {
    await this.#deliveries.rest(ref);
    const left = await this.#deliveries.pending(ref, 0);
    return { ...report, pending: left.committed - left.applied };
  }

  /** What becomes of a delivery, or what it waits for. Rejects when nobody can tell: it stays in front. */
  async #apply(ref: SessionRef, { submission }: Delivery): Promise<DeliveryDisposition | Wait> {
    if (submission === null) throw new AppError("store.corrupt", { message: "a pending delivery has no submission" });
    try {
      const prepared = this.#ingress.prepare(ref, inputOf(submission));
      const admission = await this.#ingress.admit(ref, prepared, { isAwaited: false });
      if (admission.kind === "rejected") {
        // It will not be busy for ever.
        return admission.reason === "busy" ? ROOM : { kind: "refused", code: admission.reason };
      }
      if (admission.kind === "accepted") return { kind: "admitted", inputId: admission.inputId };
      return { kind: "collapsed", inputId: admission.existingId, status: admission.status };
    } catch (error) {
      if (isGone(error)) return SESSION;
      if (!isAppError(error)) throw error;
      const kind = kindOf(error.code);
      if (kind === "limited") return ROOM;
      // Nothing is known of what came of it.
      if (kind === "internal" || isRetryable(error.code)) throw error;
      // Whatever else it is, it will be tomorrow: those behind it must not wait for that.
      return { kind: "refused", code: error.code };
    }
  }
}

/** There is no such session, or soon will not be: it is being unregistered. Either way it may come back. */
function isGone(error: unknown): boolean {
  if (isAppError(error, "session.not_found")) return true;
  const leaving: SessionPhase = "draining";
  return isAppError(error, "session.not_accepting") && error.details["phase"] === leaving;
}

/** The input that a delivery becomes. */
export function inputOf(submission: DeliverySubmission): NewInput {
  const { deliveryId, kind, sourceId, sourceSequence, lineageId, payload } = submission;
  return {
    kind: "external_event",
    eventType: kind,
    payload: { deliveryId, sourceId, sourceSequence, lineageId, body: payload },
    source: { type: "external", sourceName: sourceId },
    idempotencyKey: deliveryId,
    correlationId: lineageId,
  };
}
