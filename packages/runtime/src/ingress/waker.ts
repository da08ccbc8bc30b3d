/**
 * Sends what an admission asked for: nothing during a run, a notification to a
 * warm worker, a job to any other. Every one of them is a hint.
 */
import type { InputId, NodeId, SessionRef } from "@holdfast/contracts";
import type { WakeHint } from "../ports/wake-hint.ts";
import type { Wake } from "../ports/wake-queue.ts";
import { type RuntimeContext, refKey } from "../runtime-context.ts";

/** A worker of this process, as senders see it. */
export interface LocalWorker {
  /** Runs a session here and now; `false` when it does not host the executor or has no room. */
  offer(ref: SessionRef, executor: string): boolean;
}

/** What was admitted, and what the store says to send for it. */
export interface WakeRequest {
  readonly ref: SessionRef;
  readonly inputId: InputId;
  readonly hint: WakeHint;
  /** Somebody holds the session. */
  readonly isHeld: boolean;
}

/** A warm worker that was told of a session and has a moment to claim it. */
interface ToldWorker {
  readonly inputId: InputId;
  readonly epoch: number;
  cancel(): void;
}

/** Sends wakes. */
export class Waker {
  readonly #context: RuntimeContext;
  readonly #findLocalWorker: () => LocalWorker | null;
  readonly #told = new Map<string, ToldWorker>();

  constructor(context: RuntimeContext, findLocalWorker: () => LocalWorker | null) {
    this.#context = context;
    this.#findLocalWorker = findLocalWorker;
  }

  /** Sends the signal of an admission. */
  signal({ ref, inputId, hint, isHeld }: WakeRequest): void {
    if (isHeld) this.#forget(ref);
    if (hint.signal === "none" || hint.executor === null) return;
    const { node } = this.#context;
    // At rest there is no run to attend: what asks for attention is taken up by a wake like any other.
    if (hint.signal === "immediate" && isHeld) {
      if (hint.node !== null) this.#context.store.notifier.publish(hint.node, { type: "run.attend", ref });
      return;
    }
    const wake = { ref, executor: hint.executor, epoch: hint.epoch };
    if (this.#findLocalWorker()?.offer(ref, hint.executor) === true) return;
    if (hint.node === null || hint.node === node) this.enqueue(wake);
    else this.#tell(hint.node, inputId, wake);
  }

  /** Work that is no input can begin: a worker of this process takes it, or a job is added. */
  wake(ref: SessionRef, { signal, executor, epoch }: WakeHint): void {
    if (signal === "none" || executor === null) return;
    if (this.#findLocalWorker()?.offer(ref, executor) !== true) this.enqueue({ ref, executor, epoch });
  }

  /** An input ended, so its session was claimed: nobody needs to look whether it was. */
  settled(ref: SessionRef, inputId: InputId): void {
    if (this.#told.get(refKey(ref))?.inputId === inputId) this.#forget(ref);
  }

  /** Adds a job; a queue that does not take it costs one sweep. */
  enqueue(wake: Wake): void {
    this.#context.wakeQueue.wake(wake).catch((error: unknown) => {
      this.#context.report({ level: "warn", phrase: "wake not queued", fields: { error } });
    });
  }

  /** Looks no more; what nobody claimed is left to the sweepers. */
  close(): void {
    for (const told of this.#told.values()) told.cancel();
    this.#told.clear();
  }

  #tell(warmNode: NodeId, inputId: InputId, wake: Wake): void {
    const key = refKey(wake.ref);
    // A worker that was told a moment ago takes everything that waits.
    if (this.#told.get(key)?.epoch === wake.epoch) return;
    this.#forget(wake.ref);
    const { clock, store, timing } = this.#context;
    store.notifier.publish(warmNode, { type: "session.due", ref: wake.ref, executor: wake.executor });
    const cancel = clock.after(timing.warmClaimMs, () => {
      this.#told.delete(key);
      void this.#enqueueUnlessClaimed(wake);
    });
    this.#told.set(key, { inputId, epoch: wake.epoch, cancel });
  }

  #forget(ref: SessionRef): void {
    const key = refKey(ref);
    this.#told.get(key)?.cancel();
    this.#told.delete(key);
  }

  /** The warm worker has had its moment: if the session still waits, any worker may have it. */
  async #enqueueUnlessClaimed(wake: Wake): Promise<void> {
    try {
      const record = await this.#context.store.directory.find(wake.ref);
      const isWaiting = record !== null && !record.hasRun && record.queued > 0;
      if (isWaiting) this.enqueue(wake);
    } catch (error) {
      this.#context.report({ level: "warn", phrase: "warm wake not checked", fields: { error } });
    }
  }
}
