/**
 * One hold of one session: claim, then apply and advance until nothing is left,
 * the hold is lost, or the worker wants its slot back.
 *
 * Invariants
 *   H1  An executor runs only on a batch that is durably staged for this hold.
 *   H2  A settlement is sent again, unchanged, until it is answered, the hold's
 *       deadline is past, or the run has been silent for as long as is noted at
 *       all: what fails while leases are renewed would otherwise be sent for ever.
 *       Nothing else is written in between.
 *   H3  What is committed is published after the answer, through the output gate.
 *   H4  A claim is sent again, unchanged, until it is answered or its lease could
 *       have ended: one that was carried out unheard would block its session for
 *       a lease and charge its inputs a loss.
 *   H5  A hold that was told to end begins no further turn: what was staged for
 *       it meanwhile is handed back.
 */
import { type ClaimId, type InputId, isAppError, type RunId, type SessionRef } from "@holdfast/contracts";
import type { AbortReason, Executor } from "../ports/executor.ts";
import type {
  AdvanceCommand,
  AdvanceReply,
  ClaimReply,
  NextStep,
  Settlement,
  StagedBatch,
  StagingOffer,
} from "../ports/ledger.ts";
import type { OutputGate } from "../publish/output-gate.ts";
import { pause, type RuntimeContext } from "../runtime-context.ts";
import { StreamWriter } from "../streams/stream-writer.ts";
import { claimInRange } from "./claim-in-range.ts";
import { createTurn } from "./create-turn.ts";
import type { HostedVersions } from "./hosted-versions.ts";
import type { KeptHold, LeaseKeeper } from "./lease-keeper.ts";
import { LiveTurn } from "./live-turn.ts";
import { type ProgressWatch, watchProgress } from "./progress-watch.ts";
import { type AttemptEnd, abortError, advanceCommand, settleResult } from "./settle-result.ts";
import type { StateCache } from "./state-cache.ts";
import { createStepJournal } from "./step-journal.ts";

/** What a hold needs of its worker. */
export interface HoldParts {
  readonly context: RuntimeContext;
  readonly ref: SessionRef;
  readonly executors: ReadonlyMap<string, Executor>;
  readonly versions: HostedVersions;
  readonly leases: LeaseKeeper;
  readonly states: StateCache;
  readonly publish: OutputGate;
  /** Others wait for a slot, or the worker is closing. */
  readonly mustYield: (spent: { readonly boundaries: number; readonly ms: number }) => boolean;
  /** What is staged for this hold already, by a call sent at this time: nothing is claimed. */
  readonly begun?: { readonly batch: StagedBatch; readonly state: string | null; readonly sentAt: number };
  /** Told of every settlement, and of what the ledger answered. */
  readonly observe?: (settlement: Settlement, answer: AdvanceReply["kind"] | "unknown") => void;
}

/** How a hold ended. */
export type HoldEnd =
  | { readonly kind: "rest" }
  | { readonly kind: "chores" }
  /** At rest, and it must be told of detached work that ended. */
  | { readonly kind: "owing" }
  /** Work is left for whoever claims next. */
  | { readonly kind: "more"; readonly epoch: number; readonly executor: string }
  | { readonly kind: "lost" };

/** How long a hold waits for an executor that ignores its signal. */
const ABORT_PATIENCE_MS = 1_000;
const RETRY_PAUSE_MS = 50;
/** Reasons that end the turn and not the hold. */
const ENDS_ONE_RUN: ReadonlySet<AbortReason> = new Set(["cancelled", "rolled_back", "not_progressing"]);
const MAX_BATCH_BYTES = 8 * 1_048_576;

/** A turn that is over, and what it left to settle. */
interface EndedTurn {
  readonly end: AttemptEnd;
  /** The batch as the turn's own boundaries left it. */
  readonly left: StagedBatch;
  readonly shown: ReadonlySet<InputId>;
}

/** What a turn in progress works with. */
interface TurnTools {
  readonly live: LiveTurn;
  readonly watch: ProgressWatch;
  readonly stream: StreamWriter;
}

function notBegun(left: StagedBatch): EndedTurn {
  return { end: { kind: "hung" }, left, shown: new Set() };
}

/** A hold in progress. */
export class SessionHold implements KeptHold {
  readonly ref: SessionRef;
  readonly claimId: ClaimId;
  deadline = 0;
  readonly #parts: HoldParts;
  #batch: StagedBatch | null = null;
  /** Canonical JSON of the committed state; `null` before the first commit. */
  #state: string | null = null;
  #live: LiveTurn | null = null;
  #abort = new AbortController();
  #aborted: AbortReason | null = null;
  /** The worker ends: holds not for this turn only (H5). */
  #isDismissed = false;

  constructor(parts: HoldParts) {
    this.#parts = parts;
    this.ref = parts.ref;
    this.claimId = parts.begun?.batch.fence.claimId ?? (parts.context.random.id("clm") as ClaimId);
  }

  get runId(): RunId | null {
    return this.#batch?.fence.runId ?? null;
  }

  /** Ends the turn in progress; the first reason stays. */
  abort(reason: AbortReason): void {
    if (reason === "shutdown") this.#isDismissed = true;
    if (this.#batch === null || this.#aborted !== null) return;
    this.#aborted = reason;
    this.#abort.abort(abortError(reason));
  }

  /** An input asks the turn in progress for attention. */
  attend(): void {
    this.#live?.attend();
  }

  /** Works until the hold ends. Never rejects for what an executor does. */
  async run(): Promise<HoldEnd> {
    const { context, states, leases, begun } = this.#parts;
    if (begun !== undefined) return this.#hold(begun);
    const sentAt = context.clock.monotonic();
    // Kept here, not looked up again: a cache may forget between the question and the answer.
    const cached = states.find(this.ref);
    this.deadline = leases.deadlineFrom(sentAt);
    const claim = { ref: this.ref, claimId: this.claimId, node: context.node, cachedDigest: cached?.digest ?? null };
    const reply = await claimInRange({
      context,
      ref: this.ref,
      versions: this.#parts.versions,
      offer: this.#offer(),
      send: (offer) => this.#untilAnswered("claim", () => context.store.ledger.claim({ ...claim, offer })),
    });
    this.#publishClaim(reply);
    if (reply.kind === "chores") return { kind: "chores" };
    // Nobody looks at it any more (only an operator can help), so this is the last that is heard of it.
    if (reply.kind === "torn") context.report({ level: "error", phrase: "session torn", fields: { ref: this.ref } });
    if (reply.kind !== "staged") return reply.kind === "idle" && reply.isOwing ? { kind: "owing" } : { kind: "rest" };
    const state = reply.state.kind === "stored" ? reply.state.state : (cached?.state ?? null);
    return this.#hold({ batch: reply.batch, state, sentAt });
  }

  async #hold({ batch, state, sentAt }: NonNullable<HoldParts["begun"]>): Promise<HoldEnd> {
    const { leases } = this.#parts;
    this.#state = state;
    this.#begin(batch, sentAt);
    leases.keep(this);
    try {
      return await this.#work(sentAt);
    } finally {
      leases.release(this);
    }
  }

  async #work(claimedAt: number): Promise<HoldEnd> {
    const { context, mustYield } = this.#parts;
    for (let boundaries = 1; ; boundaries += 1) {
      const batch = this.#batch as StagedBatch;
      const { end, left, shown } = this.#aborted === null ? await this.#turn(batch) : notBegun(batch);
      const settlement = settleResult(context, { batch: left, end, aborted: this.#aborted, shown });
      const isOver = this.#aborted !== null && !ENDS_ONE_RUN.has(this.#aborted);
      const spent = { boundaries, ms: context.clock.monotonic() - claimedAt };
      const next = isOver || mustYield(spent) ? null : this.#offer();
      const sentAt = context.clock.monotonic();
      const command = advanceCommand(context, { ref: this.ref, batch: left, settlement, next });
      const step = this.#settled(command, await this.#advance(command));
      if (step.kind !== "staged") return endOf(step);
      this.#begin(step.batch, sentAt);
    }
  }

  #begin(batch: StagedBatch, sentAt: number): void {
    this.#batch = batch;
    this.#abort = new AbortController();
    this.#aborted = null;
    this.deadline = this.#parts.leases.deadlineFrom(sentAt);
    if (this.#isDismissed) this.abort("shutdown");
    // The answer took so long that somebody else may hold the session by now.
    if (this.#parts.context.clock.monotonic() >= this.deadline) this.abort("lease_lost");
  }

  #offer(): StagingOffer {
    const executors = [...this.#parts.executors.values()];
    return {
      newRunId: this.#parts.context.random.id("run") as RunId,
      executors: executors.map(({ name }) => name),
      batching: executors.filter(({ maxBatch }) => maxBatch > 1).map(({ name }) => name),
      ranges: this.#parts.versions.ranges,
      declined: null,
      maxInputs: this.#parts.context.loop.batchInputs,
      maxBytes: MAX_BATCH_BYTES,
    };
  }

  /** One turn, from its begin until nothing of it is under way any more. */
  async #turn(batch: StagedBatch): Promise<EndedTurn> {
    const { context } = this.#parts;
    const watch = watchProgress({
      context,
      silent: () => void this.#noteSilence(batch),
      overdue: () => this.abort("not_progressing"),
    });
    const stream = this.#createStream(batch, watch);
    const live = this.#createLive(batch, { watch, stream });
    this.#live = live;
    try {
      const end = await this.#apply(batch, { live, watch, stream });
      stream.close();
      await live.idle();
      await stream.idle();
      return { end, left: live.batch, shown: live.shown };
    } finally {
      this.#live = null;
      watch.stop();
    }
  }

  #createStream(batch: StagedBatch, watch: ProgressWatch): StreamWriter {
    const { context, publish } = this.#parts;
    return new StreamWriter({
      context,
      ref: this.ref,
      batch,
      signal: this.#abort.signal,
      untilAnswered: (call) => this.#untilAnswered("chunk", call),
      written: (followers) => {
        watch.progressed("sign");
        publish({ ref: this.ref, streamedRunId: batch.fence.runId, followers });
      },
      abort: (reason) => this.abort(reason),
    });
  }

  #createLive(batch: StagedBatch, { watch, stream }: Omit<TurnTools, "live">): LiveTurn {
    const { context, publish, states } = this.#parts;
    return new LiveTurn({
      context,
      ref: this.ref,
      batch,
      signal: this.#abort.signal,
      maxBytes: MAX_BATCH_BYTES,
      stream,
      untilAnswered: (call) => this.#untilAnswered("checkpoint", call),
      committed: ({ digest, state }) => {
        this.#state = state ?? this.#state;
        states.put(this.ref, { digest, state: this.#state });
      },
      publish,
      abort: (reason) => this.abort(reason),
      progressed: (sign) => watch.progressed(sign),
    });
  }

  /** Says that nothing is seen of a run: in its events, to whoever explains it, and here. */
  async #noteSilence({ fence }: StagedBatch): Promise<void> {
    const { context, publish } = this.#parts;
    const { ref } = this;
    try {
      const reply = await context.store.liveRuns.noteStall({ ref, fence });
      if (reply.kind === "fenced") return;
      const { silentMs, followers, cursor } = reply;
      context.report({ level: "warn", phrase: "run gives no sign", fields: { ref, runId: fence.runId, silentMs } });
      publish({ ref, settled: [], followers, cursor });
    } catch (error) {
      context.report({ level: "warn", phrase: "silence not noted", fields: { ref, error } });
    }
  }

  /** Calls the executor and waits for it, but not for ever once it was told to end. */
  #apply(batch: StagedBatch, { live, watch, stream }: TurnTools): Promise<AttemptEnd> {
    const { context, executors } = this.#parts;
    const signal = this.#abort.signal;
    const executor = executors.get(batch.executor) as Executor;
    return new Promise((resolve) => {
      let cancelPatience = (): void => {};
      signal.addEventListener("abort", () => {
        cancelPatience = context.clock.after(ABORT_PATIENCE_MS, () => resolve({ kind: "hung" }));
      });
      const finish = (end: AttemptEnd): void => {
        cancelPatience();
        resolve(end);
      };
      const step = createStepJournal({
        journal: context.store.journal,
        sha256: context.sha256,
        ref: this.ref,
        fence: batch.fence,
        entries: batch.journalEntries,
        signal,
        untilAnswered: async (request) => {
          const reply = await this.#untilAnswered("journal", request);
          watch.progressed("sign");
          return reply;
        },
      });
      const call = async (): Promise<unknown> => {
        return executor.apply(
          createTurn({
            ref: this.ref,
            batch,
            state: this.#state,
            blobs: context.store.blobs,
            signal,
            step,
            live,
            stream,
          }),
        );
      };
      call().then(
        (result) => finish({ kind: "answered", result }),
        (error: unknown) => finish({ kind: "threw", error }),
      );
    });
  }

  /** Sends a settlement until it is answered (H2). */
  async #advance(command: AdvanceCommand): Promise<AdvanceReply | { readonly kind: "unknown" }> {
    const { ledger } = this.#parts.context.store;
    try {
      return await this.#untilAnswered("advance", () => ledger.advance(command));
    } catch (error) {
      // Past the deadline somebody else may hold the session, and before it somebody will once the lease has ended:
      // what became of the call is theirs to see.
      if (isAppError(error, "store.unavailable")) return { kind: "unknown" };
      throw error;
    }
  }

  /** Repeats a call that may be sent twice, as long as its answer counts and it may still get one (H2). */
  async #untilAnswered<T>(what: string, call: () => Promise<T>): Promise<T> {
    const { context } = this.#parts;
    const lastAt = context.clock.monotonic() + context.loop.stallNoticeMs;
    for (;;) {
      try {
        return await call();
      } catch (error) {
        const limit = Math.min(this.deadline, lastAt);
        if (!isAppError(error, "store.unavailable") || context.clock.monotonic() > limit) throw error;
        context.report({ level: "warn", phrase: `${what} not answered`, fields: { ref: this.ref } });
        await pause(context.clock, RETRY_PAUSE_MS);
      }
    }
  }

  /** Publishes what was committed (H3) and says what follows. */
  #settled(command: AdvanceCommand, reply: AdvanceReply | { readonly kind: "unknown" }): NextStep {
    const { context, states, publish, observe } = this.#parts;
    observe?.(command.settlement, reply.kind);
    if (reply.kind !== "committed") {
      states.forget(this.ref);
      context.report({
        level: reply.kind === "fenced" ? "info" : "warn",
        phrase: "settlement refused",
        fields: { ref: this.ref, runId: command.fence.runId, answer: reply.kind },
      });
      return { kind: "lost" };
    }
    publish({ ref: this.ref, settled: reply.settled, followers: reply.followers, cursor: reply.cursor });
    // A run that was asked to end may have left no receipt for what it answered.
    if (reply.position > command.expectedPosition) this.#remember(command.settlement);
    return reply.next;
  }

  #remember(settlement: Settlement): void {
    if (!("digest" in settlement)) return;
    this.#state = settlement.state ?? this.#state;
    this.#parts.states.put(this.ref, { digest: settlement.digest, state: this.#state });
  }

  #publishClaim(reply: ClaimReply): void {
    if (reply.kind === "not_hosted") this.#parts.publish({ ...reply, ref: this.ref, settled: [] });
    if (reply.kind !== "staged" && reply.kind !== "idle") return;
    const { settled, followers, cursor } = reply;
    this.#parts.publish({ ref: this.ref, settled, followers, cursor });
  }
}

function endOf(step: Exclude<NextStep, { kind: "staged" }>): HoldEnd {
  switch (step.kind) {
    case "more":
      return { kind: "more", epoch: step.epoch, executor: step.executor };
    case "idle":
      return { kind: "rest" };
    case "owing":
      return { kind: "owing" };
    case "lost":
      return { kind: "lost" };
  }
}
