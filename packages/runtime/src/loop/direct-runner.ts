/**
 * Runs that are begun by a call of this process, with an operation in place of
 * a hosted executor.
 *
 *   O4  A direct run outlives neither its caller's patience nor this process:
 *       given up, it is handed back; its holder dead, it is buried like any other.
 *   O5  A result whose commit failed is never taken for a success: the run is
 *       handed back until the ledger has answered.
 */
import {
  AppError,
  type ClaimId,
  DEFAULT_DIRECT_RUN_MS,
  isAppError,
  type NewInput,
  type RunId,
  rejectionError,
  type SessionRef,
} from "@holdfast/contracts";
import { deriveState } from "@holdfast/domain";
import type { DirectOperation, DirectRunOptions } from "../api/admission.ts";
import type { Ingress, PreparedInput } from "../ingress/ingress.ts";
import type { Waker } from "../ingress/waker.ts";
import type { IdleWake } from "../operation/idle-wake.ts";
import type { BeginRunReply } from "../ports/direct-runs.ts";
import type { AbortReason, Executor } from "../ports/executor.ts";
import type { AdvanceReply, Settlement } from "../ports/ledger.ts";
import type { OutputGate } from "../publish/output-gate.ts";
import { pause, type RuntimeContext, refKey } from "../runtime-context.ts";
import { HostedVersions } from "./hosted-versions.ts";
import { LeaseKeeper } from "./lease-keeper.ts";
import { type HoldEnd, SessionHold } from "./session-hold.ts";
import { settleAllChores } from "./settle-chores.ts";
import { advanceCommand } from "./settle-result.ts";
import { StateCache } from "./state-cache.ts";

type Begun = Extract<BeginRunReply, { kind: "begun" }>;

/** How the run of a call was settled. */
interface Settled {
  readonly settlement: Settlement;
  readonly answer: AdvanceReply["kind"] | "unknown";
}

/** What a direct runner needs beside the world. */
export interface DirectRunnerParts {
  readonly context: RuntimeContext;
  readonly ingress: Ingress;
  readonly waker: Waker;
  readonly publish: OutputGate;
  readonly idleWake: IdleWake;
}

const MAX_BEGINNINGS = 5;
const RELEASE_PAUSE_MS = 1_000;

/** All direct runs of a process. */
export class DirectRunner {
  readonly #parts: DirectRunnerParts;
  readonly #leases: LeaseKeeper;
  readonly #holds = new Map<string, SessionHold>();
  readonly #running = new Set<Promise<unknown>>();
  #isStarted = false;
  #isClosed = false;

  constructor(parts: DirectRunnerParts) {
    this.#parts = parts;
    this.#leases = new LeaseKeeper(parts.context);
  }

  /** Admits an input and runs it with an operation. */
  async run<T>(
    ref: SessionRef,
    input: NewInput,
    { operation, options }: { readonly operation: DirectOperation<T>; readonly options: DirectRunOptions },
  ): Promise<T> {
    options.signal?.throwIfAborted();
    if (this.#isClosed) throw new AppError("runtime.terminated", { message: "this process is closing" });
    if (!this.#isStarted) this.#leases.start();
    this.#isStarted = true;
    const prepared = this.#parts.ingress.prepare(ref, input);
    if (prepared.kind === "rejected") throw rejectionError(prepared);
    const kept = await this.#parts.ingress.withoutImages(ref, prepared);
    const sentAt = this.#parts.context.clock.monotonic();
    const begun = await this.#begin(ref, kept);
    this.#parts.publish({ ref, settled: [], followers: begun.followers, cursor: begun.cursor });
    const running = this.#perform(ref, { begun, sentAt, operation, options });
    const done = running.catch(() => {});
    this.#running.add(done);
    void done.then(() => this.#running.delete(done));
    return running;
  }

  /** Ends a run in progress, if it is the named one. */
  abort(ref: SessionRef, runId: RunId, reason: AbortReason): void {
    const hold = this.#holds.get(refKey(ref));
    if (hold?.runId === runId) hold.abort(reason);
  }

  /** Lets runs finish for a while, then hands them back. */
  async close(graceMs: number): Promise<void> {
    this.#isClosed = true;
    const abortAll = () => {
      for (const hold of this.#holds.values()) hold.abort("shutdown");
    };
    const cancel = this.#parts.context.clock.after(graceMs, abortAll);
    if (graceMs <= 0) abortAll();
    await Promise.all(this.#running);
    cancel();
    this.#leases.stop();
  }

  async #begin(ref: SessionRef, prepared: PreparedInput): Promise<Begun> {
    const { context, ingress, publish } = this.#parts;
    const { random, store, node } = context;
    if (prepared.input.kind === "operation" || prepared.input.notBefore !== undefined) {
      throw rejected("an input that is not run at once cannot be run here", { reason: "not_runnable" });
    }
    const [claimId, newRunId] = [random.id("clm") as ClaimId, random.id("run") as RunId];
    for (let attempt = 0; attempt < MAX_BEGINNINGS; attempt += 1) {
      await ingress.planLook(ref);
      const admission = ingress.command(ref, prepared, { isAwaited: false });
      const reply = await store.directRuns.begin({ admission, claimId, node, newRunId });
      if (reply.kind === "begun") return reply;
      if (reply.kind === "stale_settings") ingress.learn(ref, reply);
      else if (reply.kind === "chores") await settleAllChores(store.ledger, ref, publish);
      else throw await this.#refusal(ref, reply);
    }
    throw new AppError("store.unavailable", { message: "the session keeps changing under the call; try again" });
  }

  async #refusal(
    ref: SessionRef,
    reply: Exclude<BeginRunReply, { kind: "begun" | "stale_settings" | "chores" }>,
  ): Promise<AppError> {
    if (reply.kind === "deduplicated") {
      const { existingId, status } = reply;
      return rejected(`input ${existingId} has the key, and is ${status}`, { existingId, status });
    }
    if (reply.kind !== "active") return this.#parts.ingress.refusalOf(ref, reply);
    const record = await this.#parts.context.store.directory.find(ref);
    const isBound = record?.binding != null;
    const state = deriveState({ phase: record?.phase ?? "idle", isBound, hasRun: reply.runId !== null });
    return new AppError("session.not_accepting", {
      message: "the session has an active input",
      details: { state, runId: reply.runId },
    });
  }

  async #perform<T>(
    ref: SessionRef,
    run: {
      readonly begun: Begun;
      readonly sentAt: number;
      readonly operation: DirectOperation<T>;
      readonly options: DirectRunOptions;
    },
  ): Promise<T> {
    const { context, publish } = this.#parts;
    const { batch, state } = run.begun;
    const ended: { done?: { readonly value: T }; error?: unknown; settled?: Settled; gaveUp?: unknown } = {};
    const executor: Executor = {
      name: batch.executor,
      version: "0.0.0",
      maxBatch: 1,
      apply: async (turn) => {
        try {
          const { value, result } = await run.operation(turn);
          ended.done = { value };
          return result;
        } catch (error) {
          ended.error = error;
          throw error;
        } finally {
          // What is left is one commit: a caller waits for it no longer than for one lease.
          this.#leases.release(hold);
        }
      },
    };
    const executors = new Map([[batch.executor, executor]]);
    const hold = new SessionHold({
      context,
      ref,
      executors,
      versions: new HostedVersions(executors),
      leases: this.#leases,
      states: new StateCache(),
      publish,
      mustYield: () => true,
      begun: { batch, state, sentAt: run.sentAt },
      observe: (settlement, answer) => {
        ended.settled = { settlement, answer };
      },
    });
    const stopWaiting = this.#limit(hold, run.options, (reason) => {
      ended.gaveUp = reason;
    });
    this.#holds.set(refKey(ref), hold);
    try {
      this.#goOn(ref, await hold.run());
    } finally {
      stopWaiting();
      this.#holds.delete(refKey(ref));
    }
    const { settled } = ended;
    if (settled?.answer !== "committed") throw await this.#commitFailed(ref, run.begun, settled);
    if (ended.error !== undefined && ended.gaveUp === undefined) throw ended.error as Error;
    return valueOf(settled.settlement, ended);
  }

  /** Gives the run up when the caller does (O4). */
  #limit(
    hold: SessionHold,
    { timeoutMs = DEFAULT_DIRECT_RUN_MS, signal }: DirectRunOptions,
    gaveUp: (reason: unknown) => void,
  ) {
    const giveUp = (reason: unknown) => {
      gaveUp(reason);
      hold.abort("shutdown");
    };
    const abort = () => giveUp(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    const late = () => giveUp(new AppError("wait.timeout", { details: { timeoutMs } }));
    const cancel = this.#parts.context.clock.after(timeoutMs, late);
    return () => {
      cancel();
      signal?.removeEventListener("abort", abort);
    };
  }

  #goOn(ref: SessionRef, end: HoldEnd): void {
    if (end.kind === "owing") void this.#parts.idleWake.tell(ref);
    if (end.kind === "more" && end.executor !== "") this.#parts.waker.enqueue({ ref, ...end });
  }

  async #commitFailed(ref: SessionRef, begun: Begun, settled: Settled | undefined): Promise<AppError> {
    if (settled?.answer === "unknown" && !(await this.#handBack(ref, begun))) void this.#handBackLater(ref, begun);
    return new AppError("run.commit_failed", {
      message: "the runtime boundary commit failed; the input is queued again",
      details: { runId: begun.batch.fence.runId, answer: settled?.answer ?? "unknown" },
    });
  }

  /** Whether the ledger has answered: by taking the run back, or by saying that it is over (O5). */
  async #handBack(ref: SessionRef, { batch }: Begun): Promise<boolean> {
    const { context, publish } = this.#parts;
    const settlement: Settlement = { kind: "released" };
    try {
      const command = advanceCommand(context, { ref, batch, settlement, next: null });
      const reply = await context.store.ledger.advance(command);
      if (reply.kind === "committed") publish({ ...reply, ref });
      return true;
    } catch (error) {
      if (!isAppError(error, "store.unavailable")) throw error;
      return false;
    }
  }

  async #handBackLater(ref: SessionRef, begun: Begun): Promise<void> {
    const { clock, report } = this.#parts.context;
    try {
      do await pause(clock, RELEASE_PAUSE_MS);
      while (!this.#isClosed && !(await this.#handBack(ref, begun)));
    } catch (error) {
      report({ level: "warn", phrase: "direct run not handed back", fields: { ref, error } });
    }
  }
}

function rejected(message: string, details: Readonly<Record<string, unknown>>): AppError {
  return new AppError("input.rejected", { message, details });
}

/** What the caller gets of a settlement that stands. */
function valueOf<T>(
  settlement: Settlement,
  ended: { readonly done?: { readonly value: T }; readonly gaveUp?: unknown },
): T {
  const { done, gaveUp } = ended;
  if (settlement.kind !== "released" && done !== undefined) {
    const isBad = settlement.kind === "failed" && settlement.failure.code === "executor.invalid_result";
    if (!isBad) return done.value;
    throw new AppError("executor.invalid_result", { message: settlement.failure.message });
  }
  if (gaveUp !== undefined) throw gaveUp as Error;
  throw new DOMException("the run was ended before its operation had a result", "AbortError");
}
