/**
 * The registries that this process takes part in: one object for each epoch, and
 * a sign of life for the operations that belong to this process (O10).
 */
import type { EpochId, SessionPhase, SessionRef } from "@holdfast/contracts";
import { LOST_WITH_OWNER } from "@holdfast/domain";
import type { OperationRegistry } from "../api/operations.ts";
import type { OpenOperationsReply, RegistryRef } from "../ports/operations.ts";
import type { OutputGate } from "../publish/output-gate.ts";
import { type RuntimeContext, refKey } from "../runtime-context.ts";
import { publishChange } from "./publish-change.ts";

/** A registry, or why there is none. */
export type OpenedRegistry =
  | { readonly kind: "open"; readonly registry: OperationRegistry }
  | { readonly kind: "refused"; readonly phase: SessionPhase }
  | { readonly kind: "missing" };

/** How often a process is heard of; a third of how long it counts as heard of. */
const RENEW_MS = 10_000;

/** All registries of a process. */
export class OperationRegistries {
  readonly #context: RuntimeContext;
  readonly #publish: OutputGate;
  readonly #create: (registry: RegistryRef) => OperationRegistry;
  readonly #known = new Map<string, OperationRegistry>();
  /** Sessions in which operations belong to this process. */
  readonly #owned = new Map<string, SessionRef>();
  #cancelTick: (() => void) | null = null;
  #isClosed = false;

  constructor(
    context: RuntimeContext,
    parts: { readonly publish: OutputGate; readonly create: (registry: RegistryRef) => OperationRegistry },
  ) {
    this.#context = context;
    this.#publish = parts.publish;
    this.#create = parts.create;
  }

  /** The registry of a session as it is in this moment: recovered from what gone processes left behind. */
  async open(ref: SessionRef): Promise<OpenedRegistry> {
    const reply = await this.#join(ref);
    const key = refKey(ref);
    if (reply.kind !== "open") {
      this.#known.delete(key);
      return reply;
    }
    const known = this.#known.get(key);
    if (known?.epochId === reply.epochId) return { kind: "open", registry: known };
    const registry = this.#create({ ref, epochId: reply.epochId });
    this.#known.set(key, registry);
    return { kind: "open", registry };
  }

  /** Operations of a session belong to this process: it is heard of there from now on. */
  owns(ref: SessionRef): void {
    this.#owned.set(refKey(ref), ref);
    this.#tickLater();
  }

  /** Gives no further sign of life. */
  close(): void {
    this.#isClosed = true;
    this.#cancelTick?.();
  }

  async #join(ref: SessionRef): Promise<OpenOperationsReply> {
    const { store, node, random } = this.#context;
    const epochId = random.id("epo") as EpochId;
    for (let fromSlot = 0; ; ) {
      const reply = await store.operations.open({ ref, node, epochId, fromSlot });
      if (reply.kind !== "open") return reply;
      const { change } = reply;
      publishChange(this.#publish, ref, { change, outcome: LOST_WITH_OWNER });
      if (change.ended.length > 0) {
        const operations = change.ended.map(({ operationId }) => operationId);
        this.#context.report({ level: "warn", phrase: "operations stripped", fields: { ref, operations } });
      }
      if (reply.nextSlot === 0) return reply;
      fromSlot = reply.nextSlot;
    }
  }

  async #renew(ref: SessionRef): Promise<void> {
    try {
      const reply = await this.#join(ref);
      if (reply.kind !== "open" || reply.owned === 0) this.#owned.delete(refKey(ref));
    } catch (error) {
      this.#context.report({ level: "warn", phrase: "operations not kept up", fields: { ref, error } });
    }
  }

  #tickLater(): void {
    if (this.#cancelTick !== null || this.#isClosed) return;
    this.#cancelTick = this.#context.clock.after(RENEW_MS, () => {
      this.#cancelTick = null;
      for (const ref of this.#owned.values()) void this.#renew(ref);
      if (this.#owned.size > 0) this.#tickLater();
    });
  }
}
