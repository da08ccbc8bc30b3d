/**
 * A process that runs sessions: takes wakes, holds sessions side by side, keeps
 * their leases, sweeps.
 *
 * Invariants
 *   O1  A session has at most one hold in this process at a time.
 *   O2  A wake that arrives while a hold ends is looked at after it: between the
 *       last script of a hold and its end, new work may have been admitted.
 *   O3  A process holds no more sessions than it has room for, whoever asks: the
 *       queue, a sender beside it, a notification, a sweep.
 */
import type { RunId, SessionRef } from "@holdfast/contracts";
import type { LocalWorker, Waker } from "../ingress/waker.ts";
import type { IdleWake } from "../operation/idle-wake.ts";
import type { AbortReason, Executor } from "../ports/executor.ts";
import type { OutputGate } from "../publish/output-gate.ts";
import { type RuntimeContext, refKey } from "../runtime-context.ts";
import { HostedVersions } from "./hosted-versions.ts";
import { LeaseKeeper } from "./lease-keeper.ts";
import { type HoldEnd, SessionHold } from "./session-hold.ts";
import { settleAllChores } from "./settle-chores.ts";
import { StateCache } from "./state-cache.ts";

/** What a worker needs beside the world. */
export interface WorkerParts {
  readonly context: RuntimeContext;
  readonly executors: readonly Executor[];
  readonly publish: OutputGate;
  readonly waker: Waker;
  readonly idleWake: IdleWake;
}

interface ActiveSession {
  readonly hold: SessionHold;
  /** A wake arrived meanwhile (O2). */
  isWoken: boolean;
  readonly done: Promise<void>;
}

/** Runs sessions. */
export class SessionWorker implements LocalWorker {
  readonly #context: RuntimeContext;
  readonly #parts: WorkerParts;
  readonly #executors: ReadonlyMap<string, Executor>;
  readonly #versions: HostedVersions;
  readonly #leases: LeaseKeeper;
  readonly #states = new StateCache();
  readonly #active = new Map<string, ActiveSession>();
  /** Wakes from the queue that wait for room. */
  readonly #waiting: (() => void)[] = [];
  #isClosing = false;

  constructor(parts: WorkerParts) {
    this.#parts = parts;
    this.#context = parts.context;
    this.#executors = new Map(parts.executors.map((executor) => [executor.name, executor]));
    this.#versions = new HostedVersions(this.#executors);
    this.#leases = new LeaseKeeper(parts.context);
  }

  /** Sessions held at this moment. */
  get held(): number {
    return this.#active.size;
  }

  hosts(executor: string): boolean {
    return this.#executors.has(executor);
  }

  /** Begins to keep leases; wakes may be handed in from now on. */
  start(): void {
    this.#leases.start();
  }

  offer(ref: SessionRef, executor: string): boolean {
    return !this.#isClosing && this.hosts(executor) && this.attend(ref);
  }

  /**
   * Is told of work. A session that was bound to another executor since it was warm here is left to who hosts
   * that one: a claim from here would say that nobody does.
   */
  hear(ref: SessionRef, executor: string | undefined): void {
    if (executor === undefined || this.hosts(executor)) this.attend(ref);
  }

  /** Runs a session here and now; `false` when there is no room for it. */
  attend(ref: SessionRef): boolean {
    if (!this.#hasRoomFor(ref)) return false;
    void this.run(ref);
    return true;
  }

  /** Runs a session as soon as there is room: the queue counts only what it hands in itself (O3). */
  async take(ref: SessionRef): Promise<void> {
    while (!this.#isClosing && !this.#hasRoomFor(ref)) await this.#nextRoom();
    await this.run(ref);
  }

  /** Runs a session until its hold ends (O1). Resolves then; never rejects. */
  run(ref: SessionRef): Promise<void> {
    const active = this.#active.get(refKey(ref));
    if (active !== undefined) {
      active.isWoken = true;
      return active.done;
    }
    return this.#isClosing ? Promise.resolve() : this.#begin(ref);
  }

  /** Ends a run in progress, if it is the named one. */
  abort(ref: SessionRef, runId: RunId, reason: AbortReason): void {
    const hold = this.#active.get(refKey(ref))?.hold;
    if (hold?.runId === runId) hold.abort(reason);
  }

  /** Ends a wait of the turn in progress, if the session is held here. */
  nudge(ref: SessionRef): void {
    this.#active.get(refKey(ref))?.hold.attend();
  }

  /**
   * Takes nothing new, lets turns finish for a while, then hands the rest back at
   * their last boundary. Resolves when no hold is left.
   */
  async close(graceMs: number): Promise<void> {
    this.#isClosing = true;
    this.#wakeWaiting();
    const abortAll = () => {
      for (const { hold } of this.#active.values()) hold.abort("shutdown");
    };
    const cancel = this.#context.clock.after(graceMs, abortAll);
    if (graceMs <= 0) abortAll();
    await Promise.all([...this.#active.values()].map(({ done }) => done));
    cancel();
    this.#leases.stop();
  }

  #hasRoomFor(ref: SessionRef): boolean {
    return this.held < this.#context.loop.concurrency || this.#active.has(refKey(ref));
  }

  #nextRoom(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  // All of them look: the first may not need the room, because its session is held here by now.
  #wakeWaiting(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  #begin(ref: SessionRef): Promise<void> {
    const hold = new SessionHold({
      context: this.#context,
      ref,
      executors: this.#executors,
      versions: this.#versions,
      leases: this.#leases,
      states: this.#states,
      publish: this.#parts.publish,
      mustYield: (spent) => this.#mustYield(spent),
    });
    const done = this.#follow(ref, hold);
    this.#active.set(refKey(ref), { hold, isWoken: false, done });
    return done;
  }

  async #follow(ref: SessionRef, hold: SessionHold): Promise<void> {
    // The entry must be in the map before the first step of the hold can end it.
    await Promise.resolve();
    let end: HoldEnd = { kind: "lost" };
    try {
      end = await hold.run();
    } catch (error) {
      // The ledger is as it was: the sweeper finds the session again.
      this.#context.report({ level: "warn", phrase: "hold ended by an error", fields: { ref, error } });
    }
    const isWoken = this.#active.get(refKey(ref))?.isWoken === true;
    this.#active.delete(refKey(ref));
    this.#wakeWaiting();
    await this.#goOn(ref, { end, isWoken });
  }

  async #goOn(ref: SessionRef, { end, isWoken }: { end: HoldEnd; isWoken: boolean }): Promise<void> {
    if (end.kind === "chores") await this.#settleChores(ref);
    if (end.kind === "owing") await this.#parts.idleWake.tell(ref);
    if (end.kind === "more" && !this.#mayKeep(end.executor)) {
      if (end.executor !== "") this.#parts.waker.enqueue({ ref, executor: end.executor, epoch: end.epoch });
      return;
    }
    if (this.#isClosing) return;
    if (end.kind === "chores" || end.kind === "more" || isWoken) return this.take(ref);
  }

  /** Whether a session that was let go with work left is run on here. The slot it left is for whoever waits for one. */
  #mayKeep(executor: string): boolean {
    return !this.#isClosing && this.hosts(executor) && this.held + 1 < this.#context.loop.concurrency;
  }

  async #settleChores(ref: SessionRef): Promise<void> {
    try {
      await settleAllChores(this.#context.store.ledger, ref, this.#parts.publish);
    } catch (error) {
      this.#context.report({ level: "warn", phrase: "chores not settled", fields: { ref, error } });
    }
  }

  #mustYield({ boundaries, ms }: { boundaries: number; ms: number }): boolean {
    if (this.#isClosing) return true;
    const { yieldBoundaries, yieldMs, concurrency } = this.#context.loop;
    const isSpent = boundaries >= yieldBoundaries || ms >= yieldMs;
    // Yielding is for the sake of others: with room left nobody waits.
    return isSpent && this.held >= concurrency;
  }
}
