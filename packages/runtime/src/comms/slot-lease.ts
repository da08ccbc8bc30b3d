/**
 * Holds the drain slot of one session for this process, and knows for how long.
 *
 * Invariants
 *   D83  While the lease is safe no other process drains; it counts as unsafe
 *        before it ends, by this process's own clock, answer or no answer.
 */
import type { SessionRef } from "@holdfast/contracts";
import type { ClaimDrainSlotReply, DrainSlot, ReleaseDrainSlotReply } from "../ports/drain-slots.ts";
import type { RuntimeContext } from "../runtime-context.ts";

/** What the owner of a lease is told. */
export interface SlotLeaseOwner {
  /** Still held; the session may have changed. */
  onRenewed(slot: DrainSlot): void;
  /** Not held any more. */
  onLost(): void;
}

/** The lease of one slot. */
export class SlotLease {
  readonly #context: RuntimeContext;
  readonly #ref: SessionRef;
  readonly #owner: SlotLeaseOwner;
  /** Kept until the slot is given back: a claim whose answer was lost may have succeeded. */
  #drainId: string | null = null;
  #safeUntil = Number.NEGATIVE_INFINITY;
  #cancelRenewal: () => void = () => {};

  constructor(context: RuntimeContext, ref: SessionRef, owner: SlotLeaseOwner) {
    this.#context = context;
    this.#ref = ref;
    this.#owner = owner;
  }

  /** Whether nobody else can have the slot yet (D83). */
  get isSafe(): boolean {
    return this.#context.clock.monotonic() < this.#safeUntil;
  }

  /** Takes the slot; from then on it is renewed until it is released or lost. */
  async acquire(): Promise<ClaimDrainSlotReply> {
    this.#drainId ??= this.#context.random.id("drn");
    const reply = await this.#claim(this.#drainId);
    if (reply.kind === "held") this.#renewLater();
    else this.#drainId = null;
    return reply;
  }

  /** Gives the slot back. */
  async release({ isDismissal }: { readonly isDismissal: boolean }): Promise<ReleaseDrainSlotReply> {
    this.#cancelRenewal();
    this.#safeUntil = Number.NEGATIVE_INFINITY;
    const drainId = this.#drainId;
    if (drainId === null) return { kind: "lost" };
    const reply = await this.#context.store.drains.release({ ref: this.#ref, drainId, isDismissal });
    this.#drainId = null;
    return reply;
  }

  async #claim(drainId: string): Promise<ClaimDrainSlotReply> {
    const { clock, node, store, timing } = this.#context;
    const askedAt = clock.monotonic();
    const reply = await store.drains.claim({ ref: this.#ref, drainId, node, leaseMs: timing.leaseMs });
    const isHeld = reply.kind === "held";
    this.#safeUntil = isHeld ? askedAt + timing.leaseMs - timing.safetyMs : Number.NEGATIVE_INFINITY;
    return reply;
  }

  #renewLater(): void {
    const { clock, random, timing } = this.#context;
    this.#cancelRenewal = clock.after(timing.renewMs * (0.9 + 0.2 * random.fraction()), () => void this.#renew());
  }

  async #renew(): Promise<void> {
    const drainId = this.#drainId;
    if (drainId === null) return;
    try {
      const reply = await this.#claim(drainId);
      // Released while the renewal was on its way: it must not bring the slot back.
      if (this.#drainId !== drainId)
        await this.#context.store.drains.release({ ref: this.#ref, drainId, isDismissal: false });
      else if (reply.kind === "held") this.#keep(reply.slot);
      else this.#lose();
    } catch (error) {
      this.#context.report({ level: "warn", phrase: "drain slot not renewed", fields: { ref: this.#ref, error } });
      if (this.isSafe) this.#renewLater();
      else this.#lose();
    }
  }

  #keep(slot: DrainSlot): void {
    this.#renewLater();
    this.#owner.onRenewed(slot);
  }

  #lose(): void {
    this.#safeUntil = Number.NEGATIVE_INFINITY;
    this.#owner.onLost();
  }
}
