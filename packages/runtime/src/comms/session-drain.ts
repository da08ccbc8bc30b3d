/**
 * The drain of one session in this process: whether there is to be one, the slot
 * it needs, its task, and what follows its end.
 *
 * Invariants
 *   D84  A drain whose inbox was replaced ends before one reads the new inbox.
 *   D85  After a failure the next drain waits, longer with every failure in a row.
 *   D86  A dismissed session is stopped, whichever process finishes that, and gets
 *        no drain meanwhile.
 */
import {
  DEFAULT_DRAIN_TIMING,
  type DrainExit,
  type DrainMode,
  type DrainPhase,
  isAppError,
  type RequestId,
  type SessionRef,
} from "@holdfast/contracts";
import { deriveState, desiredDrainMode, drainObligations, retryDelayMs, stepDrain } from "@holdfast/domain";
import type { CommsDrainView } from "../api/comms.ts";
import type { CommsInbox } from "../ports/comms-inbox.ts";
import type { DrainSlot } from "../ports/drain-slots.ts";
import type { RuntimeContext } from "../runtime-context.ts";
import type { SessionRuntime } from "../session-runtime.ts";
import { deliverMessage, type PeerIngress } from "./deliver-message.ts";
import { DrainTask } from "./drain-task.ts";
import { SlotLease } from "./slot-lease.ts";

/** What a drain asks of the runtime: what any caller may. */
export type DrainRuntime = PeerIngress & Pick<SessionRuntime, "control">;

/** What a session's drain works with. */
export interface SessionDrainParts {
  readonly context: RuntimeContext;
  readonly runtime: () => DrainRuntime;
  /** There is no such session any more. */
  readonly onGone: () => void;
}

type Event = Parameters<typeof stepDrain>[1];
type Facts = Parameters<typeof stepDrain>[2];

const { idleMs, backoffMs, backoffCapMs } = DEFAULT_DRAIN_TIMING;

/** The drain of one session. */
export class SessionDrain {
  readonly #context: RuntimeContext;
  readonly #ref: SessionRef;
  readonly #runtime: () => DrainRuntime;
  readonly #onGone: () => void;
  readonly #lease: SlotLease;
  #phase: DrainPhase = "inactive";
  #mode: DrainMode | null = null;
  #lastExit: DrainExit | null = null;
  #failures = 0;
  #comms: CommsInbox | null = null;
  #ignoreComms: () => void = () => {};
  #task: DrainTask | null = null;
  /** Ended on request: only a new wish starts it again. */
  #isSuspended = false;
  #nextLook: { readonly because: "failure" | "standby"; readonly cancel: () => void } | null = null;
  /** What the end of the latest task left to do. */
  #settled: Promise<unknown> = Promise.resolve();
  #queue: Promise<unknown> = Promise.resolve();

  constructor(ref: SessionRef, { context, runtime, onGone }: SessionDrainParts) {
    this.#context = context;
    this.#ref = ref;
    this.#runtime = runtime;
    this.#onGone = onGone;
    this.#lease = new SlotLease(context, ref, {
      onRenewed: (slot) => {
        if (this.#desired(slot) === null) void this.look();
      },
      onLost: () => this.#task?.abort("aborted"),
    });
  }

  get hasComms(): boolean {
    return this.#comms !== null;
  }

  inspect(): CommsDrainView {
    return {
      phase: this.#phase,
      mode: this.#mode,
      obligations: drainObligations(this.#phase),
      lastExit: this.#lastExit,
      failures: this.#failures,
    };
  }

  /** Takes the inbox; answers whether that started a drain. */
  update(comms: CommsInbox | null, slot: DrainSlot): Promise<boolean> {
    return this.#inTurn(async () => {
      this.#isSuspended = false;
      if (comms !== this.#comms) {
        await this.#halt(); // D84
        this.#adopt(comms);
      }
      // Whoever has the slot may have given it back since.
      if (this.#nextLook?.because === "standby") this.#stopLooking();
      return this.#reconcile(slot);
    });
  }

  /** Brings what there is in line with what there should be. Never rejects. */
  async look(): Promise<void> {
    try {
      await this.#inTurn(async () => {
        const slot = await this.#context.store.drains.find(this.#ref);
        if (slot !== null) await this.#reconcile(slot);
        else await this.#leave();
      });
    } catch (error) {
      this.#context.report({ level: "warn", phrase: "comms drain not reconciled", fields: { ref: this.#ref, error } });
      this.#tryLater();
    }
  }

  /** The task has ended, as somebody else knows; then as after any end. */
  async notifyExited(reason: DrainExit): Promise<void> {
    this.#task?.abort(reason);
    await this.wait();
    await this.look();
  }

  /** Ends the drain until the next wish. */
  abort(): Promise<void> {
    this.#isSuspended = true;
    this.#stopLooking();
    return this.#inTurn(() => this.#halt());
  }

  /** Resolves when no task is left. */
  async wait(): Promise<void> {
    const task = this.#task;
    if (task !== null) await task.over.catch(() => this.#bury(task));
    await this.#settled;
  }

  /** Ends the drain for good. */
  async close(): Promise<void> {
    await this.abort();
    this.#adopt(null);
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(step);
    this.#queue = turn.catch(() => {});
    return turn;
  }

  #adopt(comms: CommsInbox | null): void {
    this.#ignoreComms();
    this.#comms = comms;
    this.#failures = 0;
    this.#stopLooking();
    this.#ignoreComms = comms?.subscribe(() => this.#onArrival()) ?? (() => {});
  }

  /** A drain that fell idle, or ended because of its session, comes back for what arrives. */
  #onArrival(): void {
    if (this.#task !== null) this.#task.nudge();
    else if (!this.#isSuspended && this.#nextLook === null) void this.look();
  }

  #desired(slot: DrainSlot): DrainMode | null {
    return desiredDrainMode({ state: deriveState(slot), hasComms: this.hasComms, isKeepAlive: slot.isKeepAlive });
  }

  async #reconcile(slot: DrainSlot): Promise<boolean> {
    if (slot.isDismissed) await this.#finishDismissal(slot.generation);
    if (slot.isDismissed || this.#desired(slot) === null) {
      await this.#halt();
      return false;
    }
    if (this.#task !== null || this.#isSuspended || this.#nextLook !== null) return false;
    const claim = await this.#lease.acquire();
    if (claim.kind === "taken") this.#standBy(claim.slot);
    if (claim.kind !== "held") return false;
    this.#mode = this.#desired(claim.slot);
    if (this.#mode !== null) return this.#raise("drain.ensure", { isDismissed: claim.slot.isDismissed });
    await this.#lease.release({ isDismissal: false });
    return false;
  }

  /** One step of the machine; `false` when it refuses. */
  #raise(event: Event, facts: Facts = {}): boolean {
    const step = stepDrain(this.#phase, event, facts);
    if (step === null) return false;
    this.#phase = step.phase;
    for (const effect of step.effects) this.#perform(effect);
    return true;
  }

  #perform(effect: string): void {
    if (effect === "spawnTask") this.#spawn();
    if (effect === "abortTask") this.#task?.abort("aborted");
    if (effect === "dropTask") this.#task = null;
    // The obligation to spawn is the phase itself: `closeSpawn` leaves nothing to do.
  }

  #spawn(): void {
    const inbox = this.#comms;
    if (inbox === null) return;
    const task = new DrainTask({
      inbox,
      clock: this.#context.clock,
      idleMs,
      // A process that was frozen may have been replaced: what waits is for whoever drains by then.
      mayRead: () => this.#lease.isSafe,
      deliver: (message) => {
        return deliverMessage({ context: this.#context, ingress: this.#runtime(), inbox, ref: this.#ref }, message);
      },
      dismiss: () => this.#dismiss(),
      onSpawned: () => void this.#raise("task.spawned"),
      onDelivered: () => {
        this.#failures = 0;
      },
      onExit: (reason) => this.#exited(task, reason),
    });
    this.#task = task;
    task.over.catch((error: unknown) => this.#bury(task, error));
  }

  /** A task that died without a word has failed. */
  #bury(task: DrainTask, error?: unknown): void {
    if (this.#task !== task) return;
    this.#context.report({ level: "warn", phrase: "comms drain failed", fields: { ref: this.#ref, error } });
    this.#exited(task, "failed");
  }

  #exited(task: DrainTask, reason: DrainExit): void {
    if (this.#task !== task) return;
    this.#lastExit = reason;
    const hasFailed = reason === "failed";
    this.#raise("task.exited", { hasFailed, isPersistentHost: this.#mode === "persistent_host" });
    // What stopped it has moved the machine already; the task is gone all the same.
    this.#task = null;
    this.#settled = this.#afterExit(reason, task.hasNews);
  }

  async #afterExit(reason: DrainExit, hasNews: boolean): Promise<void> {
    if (reason !== "dismissed") await this.#releaseSlot();
    if (this.#isSuspended) return;
    if (reason === "failed" || reason === "session_shutdown") {
      this.#tryLater();
    } else if (reason === "aborted" || hasNews) void this.look();
  }

  async #releaseSlot(): Promise<void> {
    try {
      await this.#lease.release({ isDismissal: false });
    } catch (error) {
      this.#context.report({
        level: "info",
        phrase: "drain slot left to its lease",
        fields: { ref: this.#ref, error },
      });
    }
  }

  /** Looks again after a pause that grows with every failure in a row (D85). */
  #tryLater(): void {
    const { random, budget } = this.#context;
    this.#failures += 1;
    this.#lookLater("failure", retryDelayMs(this.#failures, random.fraction(), { ...budget, backoffMs, backoffCapMs }));
  }

  /** Looks again when the lease of whoever drains has ended. */
  #standBy({ holder }: DrainSlot): void {
    this.#lookLater("standby", (holder?.remainingMs ?? 0) + this.#context.timing.graceMs);
  }

  #lookLater(because: "failure" | "standby", ms: number): void {
    this.#stopLooking();
    const cancel = this.#context.clock.after(ms, () => {
      this.#nextLook = null;
      void this.look();
    });
    this.#nextLook = { because, cancel };
  }

  #stopLooking(): void {
    this.#nextLook?.cancel();
    this.#nextLook = null;
  }

  async #leave(): Promise<void> {
    await this.#halt();
    this.#adopt(null);
    this.#onGone();
  }

  async #halt(): Promise<void> {
    this.#stopLooking();
    const isStopped = this.#raise("drain.stop");
    if (!isStopped) this.#task?.abort("aborted");
    await this.wait();
  }

  /** Records the dismissal before it acts on it: whoever comes later can finish it (D86). */
  async #dismiss(): Promise<void> {
    const released = await this.#lease.release({ isDismissal: true });
    if (released.kind === "lost") throw new Error("the drain slot was lost before the dismissal was recorded");
    if (released.kind === "released") await this.#finishDismissal(released.generation);
  }

  /** The same request from whichever process ends the session once, and never its next life. */
  async #finishDismissal(generation: number): Promise<void> {
    const requestId = `peer-dismissal-${generation}` as RequestId;
    try {
      await this.#runtime().control(this.#ref, { verb: "stop", requestId });
    } catch (error) {
      if (!isAppError(error, "session.destroyed") && !isAppError(error, "session.not_found")) throw error;
    }
  }
}
