/**
 * Waits for the end of several operations (O12), as far as they were begun in
 * this process. A wait is kept up while its process lives; one that is not kept
 * up makes room for another.
 */
import { AppError, type OperationId, SCRIPT_BATCH, type WaitAllResult, type WaitId } from "@holdfast/contracts";
import { findDuplicateOperation, LOST_WITH_OWNER } from "@holdfast/domain";
import type { OperationWaitOptions } from "../api/operations.ts";
import { limitOf } from "../completion/wait-for-outcome.ts";
import type { RegistryRef, WaitAllReply } from "../ports/operations.ts";
import type { OutputGate } from "../publish/output-gate.ts";
import { type RuntimeContext, refKey } from "../runtime-context.ts";
import { findOutcomes } from "./past-outcomes.ts";
import { publishChange } from "./publish-change.ts";

interface Wait {
  readonly registry: RegistryRef;
  readonly waitId: WaitId;
  readonly operationIds: readonly OperationId[];
  /** It is satisfied, or over for another reason. */
  readonly over: Promise<void>;
  end(): void;
}

/** How often a wait is kept up; a third of how long it lasts without. */
const RENEW_MS = 10_000;

/** All such waits of a process. */
export class OperationWaits {
  readonly #context: RuntimeContext;
  readonly #publish: OutputGate;
  readonly #waits = new Map<WaitId, Wait>();
  /** Waits of a session that are being given up: another begins after them. */
  readonly #leaving = new Map<string, Promise<void>>();
  #cancelTick: (() => void) | null = null;
  #isClosed = false;

  constructor(context: RuntimeContext, publish: OutputGate) {
    this.#context = context;
    this.#publish = publish;
  }

  /** How all of them ended, in the order given. See `OperationRegistry.waitAll`. */
  async waitAll(
    registry: RegistryRef,
    operationIds: readonly OperationId[],
    options: OperationWaitOptions,
  ): Promise<WaitAllResult> {
    const twice = findDuplicateOperation(operationIds);
    if (twice !== null) throw new AppError("operation.wait_duplicate", { details: { operationId: twice } });
    await this.#leaving.get(refKey(registry.ref));
    options.signal?.throwIfAborted();
    const wait = this.#add(registry, operationIds);
    const leave = () => this.#leave(wait);
    const limit = limitOf(this.#context.clock, options);
    options.signal?.addEventListener("abort", leave, { once: true });
    try {
      await Promise.race([this.#untilOver(wait), limit.reached]);
      return await this.#result(wait);
    } catch (error) {
      leave();
      throw error;
    } finally {
      options.signal?.removeEventListener("abort", leave);
      limit.cancel();
      this.#waits.delete(wait.waitId);
    }
  }

  /** Gives a wait up, whoever began it. @throws operation.wait_not_active */
  async cancel(registry: RegistryRef, waitId: WaitId): Promise<void> {
    const reply = await this.#send({ registry, waitId }, "cancel");
    if (reply.kind !== "cancelled") throw new AppError("operation.wait_not_active", { details: { waitId } });
    this.over(waitId);
  }

  /** A wait that was begun here is over, for whatever reason. */
  over(waitId: WaitId): void {
    this.#waits.get(waitId)?.end();
  }

  /** Messages may have been missed: everyone looks again. */
  recheckAll(): void {
    for (const wait of this.#waits.values()) void this.#renew(wait);
  }

  /** Keeps nothing up any more. */
  close(): void {
    this.#isClosed = true;
    this.#cancelTick?.();
    for (const wait of this.#waits.values()) wait.end();
  }

  #add(registry: RegistryRef, operationIds: readonly OperationId[]): Wait {
    let end = (): void => {};
    const over = new Promise<void>((resolve) => {
      end = resolve;
    });
    const wait = { registry, operationIds, waitId: this.#context.random.id("wai") as WaitId, over, end };
    this.#waits.set(wait.waitId, wait);
    this.#tickLater();
    return wait;
  }

  async #untilOver(wait: Wait): Promise<void> {
    for (let from = 0; from === 0 || from < wait.operationIds.length; from += SCRIPT_BATCH) {
      const reply = await this.#send(wait, "begin", from);
      if (reply.kind === "active") throw new AppError("operation.wait_active", { details: { waitId: reply.waitId } });
      if (reply.kind === "unknown") {
        throw new AppError("operation.not_found", { details: { operationId: reply.operationId } });
      }
      if (reply.kind === "ended") throw new AppError("operation.epoch_ended");
      if (reply.kind === "satisfied") return;
    }
    await wait.over;
  }

  async #result({ registry, waitId, operationIds }: Wait): Promise<WaitAllResult> {
    const found = await findOutcomes(this.#context.store.operationArchive, registry, operationIds);
    if (found.size < operationIds.length) throw new AppError("operation.wait_not_active", { details: { waitId } });
    const outcomes = operationIds.map((operationId) => {
      return { operationId, outcome: found.get(operationId) ?? LOST_WITH_OWNER };
    });
    return { waitId, outcomes };
  }

  /** Gives a wait up before another of this process begins. */
  #leave(wait: Wait): void {
    if (!this.#waits.delete(wait.waitId)) return;
    const key = refKey(wait.registry.ref);
    const leaving = this.#send(wait, "cancel").then(
      () => {},
      (error: unknown) => this.#context.report({ level: "info", phrase: "wait not given up", fields: { error } }),
    );
    this.#leaving.set(key, leaving);
    void leaving.then(() => {
      if (this.#leaving.get(key) === leaving) this.#leaving.delete(key);
    });
  }

  async #send(
    { registry, waitId, operationIds = [] }: Pick<Wait, "registry" | "waitId"> & Partial<Wait>,
    action: "begin" | "renew" | "cancel",
    from = 0,
  ): Promise<WaitAllReply> {
    const { store, node } = this.#context;
    const named = action === "begin" ? operationIds.slice(from, from + SCRIPT_BATCH) : [];
    const command = { ...registry, waitId, node, action, total: operationIds.length, from, operationIds: named };
    const reply = await store.operations.waitAll(command);
    if ("change" in reply) publishChange(this.#publish, registry.ref, { change: reply.change });
    return reply;
  }

  async #renew(wait: Wait): Promise<void> {
    try {
      const reply = await this.#send(wait, "renew");
      if (reply.kind !== "waiting") wait.end();
    } catch (error) {
      this.#context.report({ level: "warn", phrase: "wait not kept up", fields: { error } });
    }
  }

  #tickLater(): void {
    if (this.#cancelTick !== null || this.#isClosed) return;
    this.#cancelTick = this.#context.clock.after(RENEW_MS, () => {
      this.#cancelTick = null;
      this.recheckAll();
      if (this.#waits.size > 0) this.#tickLater();
    });
  }
}
