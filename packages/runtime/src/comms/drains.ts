import type { DrainExit, NodeId, SessionRef } from "@holdfast/contracts";
import type { CommsDrainView, PeerIngressContext } from "../api/comms.ts";
import type { Tell } from "../publish/tell.ts";
import { pause, type RuntimeContext, refKey } from "../runtime-context.ts";
import { type DrainRuntime, SessionDrain } from "./session-drain.ts";

/** What all drains of a process work with. */
export interface DrainsParts {
  readonly context: RuntimeContext;
  readonly tell: Tell;
  /** Asked when it is needed: drains and runtime know each other. */
  readonly runtime: () => DrainRuntime;
}

/** Longest pause between two looks at a drain that ends elsewhere. */
const LOOK_MS = 250;

/** The drains of a process. */
export class Drains {
  readonly #parts: DrainsParts;
  readonly #drains = new Map<string, SessionDrain>();
  #isClosed = false;

  constructor(parts: DrainsParts) {
    this.#parts = parts;
  }

  /** Records the wish, takes the inbox; answers whether that started a drain. */
  async update(ref: SessionRef, { keepAlive, comms }: PeerIngressContext): Promise<boolean> {
    const { context } = this.#parts;
    const { drains } = context.store;
    const slot = keepAlive === undefined ? await drains.find(ref) : await drains.keepAlive(ref, keepAlive);
    if (slot === null) {
      context.report({ level: "warn", phrase: "peer ingress of an unknown session", fields: { ref } });
      return false;
    }
    const known = this.#drains.get(refKey(ref));
    if (this.#isClosed || (known === undefined && comms === undefined)) return false;
    const drain = known ?? this.#add(ref);
    const hasStarted = await drain.update(comms ?? null, slot);
    if (!drain.hasComms) this.#forget(drain, ref);
    return hasStarted;
  }

  hasComms(ref: SessionRef): boolean {
    return this.#drains.get(refKey(ref))?.hasComms ?? false;
  }

  inspect(ref: SessionRef): CommsDrainView | null {
    return this.#drains.get(refKey(ref))?.inspect() ?? null;
  }

  async notifyExited(ref: SessionRef, reason: DrainExit): Promise<void> {
    await this.#drains.get(refKey(ref))?.notifyExited(reason);
  }

  /** Something about the session changed that a drain goes by. */
  look(ref: SessionRef): void {
    void this.#drains.get(refKey(ref))?.look();
  }

  /** Ends the drain of this process. */
  async abortHere(ref: SessionRef): Promise<void> {
    await this.#drains.get(refKey(ref))?.abort();
  }

  /** Ends the drain, here or elsewhere. */
  async abort(ref: SessionRef): Promise<void> {
    await this.abortHere(ref);
    const node = await this.#otherHolder(ref);
    if (node !== null) this.#parts.tell(node, { type: "drain.abort", ref });
  }

  async abortAll(): Promise<void> {
    await Promise.all([...this.#drains.values()].map((drain) => drain.abort()));
  }

  /** Resolves when nobody drains: here by its task, elsewhere as soon as the slot is free. */
  async wait(ref: SessionRef): Promise<void> {
    await this.#drains.get(refKey(ref))?.wait();
    while ((await this.#otherHolder(ref)) !== null) await pause(this.#parts.context.clock, LOOK_MS);
  }

  /** Ends the drain, forgets the inbox, and resolves when nobody drains. */
  async end(ref: SessionRef): Promise<void> {
    const drain = this.#drains.get(refKey(ref));
    this.#drains.delete(refKey(ref));
    await drain?.close();
    await this.abort(ref);
    await this.wait(ref);
  }

  /** Ends every drain; none is started any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#drains.values()].map((drain) => drain.close()));
  }

  #add(ref: SessionRef): SessionDrain {
    const { context, runtime } = this.#parts;
    const drain: SessionDrain = new SessionDrain(ref, {
      context,
      runtime,
      onGone: () => this.#forget(drain, ref),
    });
    this.#drains.set(refKey(ref), drain);
    return drain;
  }

  #forget(drain: SessionDrain, ref: SessionRef): void {
    if (this.#drains.get(refKey(ref)) === drain) this.#drains.delete(refKey(ref));
  }

  async #otherHolder(ref: SessionRef): Promise<NodeId | null> {
    const slot = await this.#parts.context.store.drains.find(ref);
    const node = slot?.holder?.node ?? null;
    return node === this.#parts.context.node ? null : node;
  }
}
