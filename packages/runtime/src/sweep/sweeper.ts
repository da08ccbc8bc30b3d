/**
 * The only source of liveness (L6): looks for overdue sessions and wakes them;
 * what two wakes did not start it runs itself, because then the queue is dead.
 *
 * A sweep does not wait for what the one before found: a session may have ten
 * thousand firings to catch up with, and those of others are due meanwhile.
 */
import { SCRIPT_BATCH, type SessionRef } from "@holdfast/contracts";
import { collectBlobs } from "../blobs/collect-blobs.ts";
import type { InboxDrains } from "../delivery/drain-inbox.ts";
import type { Ingress } from "../ingress/ingress.ts";
import type { Waker } from "../ingress/waker.ts";
import type { SessionWorker } from "../loop/session-worker.ts";
import { settleAllChores } from "../loop/settle-chores.ts";
import type { IdleWake } from "../operation/idle-wake.ts";
import type { DueRef, DueReply } from "../ports/ledger.ts";
import type { OutputGate } from "../publish/output-gate.ts";
import type { Tell } from "../publish/tell.ts";
import { letGo } from "../retention/let-go.ts";
import { type RuntimeContext, refKey } from "../runtime-context.ts";
import { fireSchedules } from "../schedule/fire-schedules.ts";
import { seeToRemoval } from "../unregister/see-to-removal.ts";

/** What a sweeper needs beside the world. */
export interface SweeperParts {
  readonly context: RuntimeContext;
  readonly worker: SessionWorker;
  readonly waker: Waker;
  readonly publish: OutputGate;
  readonly inboxes: InboxDrains;
  readonly idleWake: IdleWake;
  readonly tell: Tell;
  readonly ingress: Ingress;
}

/** One sweeper serves one worker. */
export class Sweeper {
  readonly #parts: SweeperParts;
  #cancel: (() => void) | null = null;
  #isStopped = false;
  #sweeping: Promise<void> = Promise.resolve();
  /** What is being attended to here; found again, it is not begun again. */
  readonly #attended = new Map<string, Promise<void>>();

  constructor(parts: SweeperParts) {
    this.#parts = parts;
  }

  start(): void {
    const { timing, random } = this.#parts.context;
    // Workers that start together spread over the interval; after that each keeps to it, because what is
    // overdue waits for one interval at most, and a worker asks no more often either.
    this.#sweepAfter(timing.sweepPollMs * random.fraction());
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel?.();
    await this.#sweeping;
    await Promise.all(this.#attended.values());
  }

  /** Never rejects: the next sweep sees what this one missed. */
  async #sweep(): Promise<void> {
    const { context } = this.#parts;
    const room = SCRIPT_BATCH - this.#attended.size;
    if (room <= 0) return;
    try {
      for (const due of await context.store.ledger.sweep(room)) this.#attendOnce(due);
    } catch (error) {
      context.report({ level: "warn", phrase: "sweep failed", fields: { error } });
    }
  }

  #attendOnce(due: DueRef): void {
    const { part, ...ref } = due;
    const key = `${part} ${refKey(ref)}`;
    if (this.#attended.has(key)) return;
    const attending = this.#attend(due)
      .catch((error: unknown) => {
        this.#parts.context.report({ level: "warn", phrase: "sweep failed", fields: { ref, part, error } });
      })
      .finally(() => this.#attended.delete(key));
    this.#attended.set(key, attending);
  }

  #sweepAfter(ms: number): void {
    const { clock, timing } = this.#parts.context;
    this.#cancel = clock.after(ms, () => {
      this.#sweeping = this.#sweep().finally(() => {
        if (!this.#isStopped) this.#sweepAfter(timing.sweepPollMs);
      });
    });
  }

  async #attend({ part, ...ref }: DueRef): Promise<void> {
    if (part === "inbox") this.#parts.inboxes.drainSoon(ref);
    else if (part === "schedules") await fireSchedules(this.#parts, ref);
    else if (part === "blobs") await this.#collect(ref);
    else await this.#lookAfter(ref);
  }

  async #collect(ref: SessionRef): Promise<void> {
    const { context, publish } = this.#parts;
    try {
      await collectBlobs(context, ref, await letGo(context, ref, publish));
    } catch (error) {
      // The session stays due for it.
      context.report({ level: "warn", phrase: "session not looked after", fields: { ref, error } });
    }
  }

  async #lookAfter(ref: SessionRef): Promise<void> {
    const { context, publish, idleWake } = this.#parts;
    const due = await context.store.ledger.inspectDue(ref);
    if (due.kind === "chores") await settleAllChores(context.store.ledger, ref, publish);
    else if (due.kind === "unregistering") await seeToRemoval(this.#parts, ref);
    else if (due.kind === "wake") await this.#wake(ref, due);
    else if (due.kind === "owing") await idleWake.tell(ref);
    else if (due.kind === "torn") context.report({ level: "error", phrase: "session torn", fields: { ref } });
  }

  async #wake(ref: SessionRef, due: Extract<DueReply, { kind: "wake" }>): Promise<void> {
    const { context, worker, waker } = this.#parts;
    const { executor, epoch, sweeps, node } = due;
    if (node !== null && node !== context.node) {
      context.store.notifier.publish(node, { type: "session.due", ref, executor });
    }
    // Nobody hosts what is bound to nothing: a run of a call that died there is buried by whoever finds it.
    if (executor === "") {
      await worker.run(ref);
      return;
    }
    const isQueueInDoubt = sweeps >= context.loop.fruitlessSweeps;
    if (isQueueInDoubt && worker.offer(ref, executor)) return;
    waker.enqueue({ ref, executor, epoch });
    if (isQueueInDoubt) await this.#passOn(ref, executor);
  }

  /**
   * Tells another worker that hosts the executor: this one cannot run it, or has no room, and may well be the
   * one that finds it overdue each time. With no host at all, the session waits for one without being swept.
   */
  async #passOn(ref: SessionRef, executor: string): Promise<void> {
    const { context, worker } = this.#parts;
    const workers = await context.store.presence.list();
    const others = workers.filter(({ node, executors }) => {
      return node !== context.node && executors.some(({ name }) => name === executor);
    });
    const host = others[Math.floor(context.random.fraction() * others.length)];
    if (host !== undefined) {
      context.store.notifier.publish(host.node, { type: "session.due", ref, executor });
      return;
    }
    if (!worker.hosts(executor)) await worker.run(ref);
  }
}
