/**
 * Sends what an admission asked for: nothing during a run, a notification to a
 * warm worker, a job to any other. Every one of them is a hint.
 */
import type { SessionRef } from "@holdfast/contracts";
import type { WakeHint } from "../ports/ledger.ts";
import type { RuntimeContext } from "../runtime-context.ts";

/** A worker of this process, as senders see it. */
export interface LocalWorker {
  /** Runs a session here and now; `false` when it does not host the executor or has no room. */
  offer(ref: SessionRef, executor: string): boolean;
}

/** Sends wakes. */
export class Waker {
  readonly #context: RuntimeContext;
  readonly #findLocalWorker: () => LocalWorker | null;

  constructor(context: RuntimeContext, findLocalWorker: () => LocalWorker | null) {
    this.#context = context;
    this.#findLocalWorker = findLocalWorker;
  }

  /** Sends the signal of an admission. */
  signal(ref: SessionRef, hint: WakeHint): void {
    if (hint.signal === "none" || hint.executor === null) return;
    const { node } = this.#context;
    const { notifier } = this.#context.store;
    const isHeld = hint.signal === "immediate";
    if (isHeld) {
      if (hint.node !== null) notifier.publish(hint.node, { type: "run.attend", ref });
      return;
    }
    const wake = { ref, executor: hint.executor, epoch: hint.epoch };
    if (this.#findLocalWorker()?.offer(ref, hint.executor) === true) return;
    if (hint.node === null || hint.node === node) {
      this.enqueue(wake);
      return;
    }
    notifier.publish(hint.node, { type: "session.due", ref });
    this.#context.clock.after(this.#context.timing.warmClaimMs, () => void this.#enqueueUnlessClaimed(wake));
  }

  /** Adds a job; a queue that does not take it costs one sweep. */
  enqueue(wake: Parameters<RuntimeContext["wakeQueue"]["wake"]>[0]): void {
    this.#context.wakeQueue.wake(wake).catch((error: unknown) => {
      this.#context.report({ level: "warn", phrase: "wake not queued", fields: { error } });
    });
  }

  /** The warm worker has had its moment: if the session still waits, any worker may have it. */
  async #enqueueUnlessClaimed(wake: { ref: SessionRef; executor: string; epoch: number }): Promise<void> {
    try {
      const record = await this.#context.store.directory.find(wake.ref);
      const isWaiting = record !== null && !record.hasRun && record.queued > 0;
      if (isWaiting) this.enqueue(wake);
    } catch (error) {
      this.#context.report({ level: "warn", phrase: "warm wake not checked", fields: { error } });
    }
  }
}
