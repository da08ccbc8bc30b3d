/**
 * Those who wait for the end of an operation, in this process (G9).
 *
 * A watcher is noted in the store, so that whoever ends the operation tells this
 * process; a slow second look covers what was not told, and finds operations
 * whose process is gone (O10).
 */
import { AppError, type OperationId, type OperationOutcome, type SessionRef } from "@holdfast/contracts";
import { LOST_WITH_OWNER } from "@holdfast/domain";
import type { OperationWatch } from "../api/operations.ts";
import type { RegistryRef } from "../ports/operations.ts";
import type { OutputGate } from "../publish/output-gate.ts";
import { type RuntimeContext, refKey } from "../runtime-context.ts";
import { ENDED_WITH_REGISTRY, findOutcomes } from "./past-outcomes.ts";
import { publishChange } from "./publish-change.ts";

interface Watcher {
  readonly registry: RegistryRef;
  readonly operationId: OperationId;
  resolve(outcome: OperationOutcome): void;
  reject(error: unknown): void;
  checkedAt: number;
}

const TICK_MS = 1_000;
/** How long a watcher relies on being told. */
const RECHECK_MS = 10_000;

/** All watchers of a process. */
export class OperationWatchers {
  readonly #context: RuntimeContext;
  readonly #publish: OutputGate;
  readonly #watchers = new Map<string, Set<Watcher>>();
  #cancelTick: (() => void) | null = null;
  #isClosed = false;

  constructor(context: RuntimeContext, publish: OutputGate) {
    this.#context = context;
    this.#publish = publish;
  }

  /** Waits for the end of an operation; resolves when that is noted. @throws operation.not_found, operation.epoch_ended */
  async watch(registry: RegistryRef, operationId: OperationId): Promise<OperationWatch> {
    const { watcher, outcome } = this.#add(registry, operationId);
    try {
      await this.#look(watcher, "first");
    } catch (error) {
      this.#remove(watcher);
      throw error;
    }
    return { outcome, cancel: () => this.#cancel(watcher) };
  }

  /** An operation ended; without the outcome, it is read. */
  ended(ref: SessionRef, operationId: OperationId, outcome?: OperationOutcome): void {
    // Copied: finishing a watcher removes it from what is iterated.
    for (const watcher of Array.from(this.#watchers.get(keyOf(ref, operationId)) ?? [])) {
      if (outcome === undefined) void this.#check(watcher);
      else this.#finish(watcher, outcome);
    }
  }

  /** Messages may have been missed: everyone looks again. */
  recheckAll(): void {
    for (const watcher of this.#all()) void this.#check(watcher);
  }

  /** Nobody is told any more. */
  close(): void {
    this.#isClosed = true;
    this.#cancelTick?.();
    const error = new AppError("runtime.terminated", { message: "this process is closing; watch again from another" });
    for (const watcher of this.#all()) if (this.#remove(watcher)) watcher.reject(error);
  }

  #add(registry: RegistryRef, operationId: OperationId) {
    const key = keyOf(registry.ref, operationId);
    let watcher: Watcher | undefined;
    const outcome = new Promise<OperationOutcome>((resolve, reject) => {
      watcher = { registry, operationId, resolve, reject, checkedAt: this.#context.clock.monotonic() };
    });
    // A watcher that nobody awaits must not end the process.
    outcome.catch(() => {});
    const added = watcher as unknown as Watcher;
    this.#watchers.set(key, (this.#watchers.get(key) ?? new Set()).add(added));
    this.#tickLater();
    return { watcher: added, outcome };
  }

  #remove(watcher: Watcher): boolean {
    const key = keyOf(watcher.registry.ref, watcher.operationId);
    const watchers = this.#watchers.get(key);
    if (watchers?.delete(watcher) !== true) return false;
    if (watchers.size === 0) this.#watchers.delete(key);
    return true;
  }

  #finish(watcher: Watcher, outcome: OperationOutcome): void {
    if (this.#remove(watcher)) watcher.resolve(outcome);
  }

  #cancel(watcher: Watcher): void {
    if (!this.#remove(watcher)) return;
    void this.#note(watcher).catch((error: unknown) => {
      this.#context.report({ level: "info", phrase: "watcher not withdrawn", fields: { error } });
    });
  }

  #all(): Watcher[] {
    return [...this.#watchers.values()].flatMap((watchers) => [...watchers]);
  }

  /** Tells the store how many wait here for an operation; it answers how that stands. */
  #note({ registry, operationId }: Watcher) {
    const { store, node } = this.#context;
    const count = this.#watchers.get(keyOf(registry.ref, operationId))?.size ?? 0;
    return store.operations.watch({ ...registry, operationId, node, count });
  }

  async #look(watcher: Watcher, look: "first" | "again"): Promise<void> {
    const { registry, operationId } = watcher;
    watcher.checkedAt = this.#context.clock.monotonic();
    const reply = await this.#note(watcher);
    switch (reply.kind) {
      case "watching":
        return;
      case "settled":
        return this.#finish(watcher, reply.outcome);
      case "stripped":
        publishChange(this.#publish, registry.ref, { change: reply.change, outcome: LOST_WITH_OWNER });
        return this.#finish(watcher, LOST_WITH_OWNER);
      case "ended":
        if (look === "first") throw new AppError("operation.epoch_ended");
        return this.#finish(watcher, ENDED_WITH_REGISTRY);
      case "unknown": {
        if (look === "first") throw new AppError("operation.not_found", { details: { operationId } });
        const past = await findOutcomes(this.#context.store.operationArchive, registry, [operationId]);
        return this.#finish(watcher, past.get(operationId) ?? LOST_WITH_OWNER);
      }
    }
  }

  async #check(watcher: Watcher): Promise<void> {
    try {
      await this.#look(watcher, "again");
    } catch (error) {
      // The next look may find the store again: a watcher outlives an outage.
      this.#context.report({ level: "warn", phrase: "operation check failed", fields: { error } });
    }
  }

  #tickLater(): void {
    if (this.#cancelTick !== null || this.#isClosed) return;
    this.#cancelTick = this.#context.clock.after(TICK_MS, () => {
      this.#cancelTick = null;
      this.#tick();
    });
  }

  #tick(): void {
    const isHealthy = this.#context.store.notifier.isHealthy();
    const before = this.#context.clock.monotonic() - (isHealthy ? RECHECK_MS : 0);
    for (const watcher of this.#all()) if (watcher.checkedAt <= before) void this.#check(watcher);
    if (this.#watchers.size > 0) this.#tickLater();
  }
}

function keyOf(ref: SessionRef, operationId: OperationId): string {
  return `${refKey(ref)}\u0000${operationId}`;
}
