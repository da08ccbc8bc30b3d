/**
 * Sees every call at the moment the store carries it out, and what the store
 * answers, whether or not anybody hears it.
 *
 * What happened after a snapshot is forgotten when the store goes back to it:
 * what is left is what the store must still know.
 */
import {
  type CancelMode,
  type Fence,
  type InputId,
  isAppError,
  type NodeId,
  type Outcome,
  type RunId,
  type SessionRef,
  type Timing,
} from "@holdfast/contracts";
import type {
  AdmitCommand,
  AdmitReply,
  AdvanceCommand,
  AdvanceReply,
  CheckpointCommand,
  CheckpointReply,
  ChoresReply,
  ClaimCommand,
  ClaimReply,
  CloseCommand,
  CloseReply,
  ControlCommand,
  ControlReply,
  ExplainFacts,
  InterruptCommand,
  ResumeCommand,
  ResumeReply,
  SettledInput,
  Settlement,
  StagedBatch,
  Store,
  WatchCommand,
  WatchReply,
} from "@holdfast/runtime";
import { messageOf } from "./message-of.ts";
import { refKey } from "./ref-key.ts";
import type { Guarantee, Violation } from "./violation.ts";

/** Something the store did, once. */
export type StoreFact =
  | { readonly type: "admitted"; readonly ref: SessionRef; readonly inputId: InputId; readonly admission: number }
  | { readonly type: "staged"; readonly ref: SessionRef; readonly fence: Fence; readonly node: NodeId }
  | { readonly type: "committed"; readonly ref: SessionRef; readonly commit: Commit }
  | { readonly type: "destroyed"; readonly ref: SessionRef }
  /** A run was asked to end. */
  | { readonly type: "asked"; readonly ref: SessionRef; readonly runId: RunId; readonly mode: CancelMode }
  /** Inputs joined a run in progress. */
  | {
      readonly type: "joined";
      readonly ref: SessionRef;
      readonly fence: Fence;
      readonly call: number;
      readonly inputIds: readonly InputId[];
    }
  /** A suspended run was let go on. */
  | { readonly type: "resumed"; readonly ref: SessionRef; readonly runId: RunId }
  /** An input ended; told once, by the call that ended it. */
  | { readonly type: "settled"; readonly ref: SessionRef; readonly inputId: InputId; readonly outcome: Outcome }
  /** Somebody asked how an input ended. */
  | { readonly type: "shown"; readonly ref: SessionRef; readonly inputId: InputId; readonly outcome: Outcome };

/** A receipt as it was written. */
export interface Commit {
  readonly position: number;
  readonly digest: string;
  readonly fence: Fence;
  /** `null` when only the fence tells. */
  readonly node: NodeId | null;
  readonly result: Settlement["kind"] | "checkpointed";
  /** It waits for a time or for background work, and goes on by itself. */
  readonly goesOn: boolean;
}

/** What is counted, so that nobody takes a quiet life for a proof. */
export interface StoreCounts {
  admitted: number;
  deduplicated: number;
  staged: number;
  committed: number;
  fenced: number;
  conflicts: number;
  /** Calls that the store had carried out before. */
  repeats: number;
  /** Inputs that were taken into a run in progress, suspended runs that were let go on, inputs made of several. */
  joined: number;
  resumed: number;
  merged: number;
  rollbacks: number;
  observedStates: number;
}

/** What a witness watches. */
export interface WitnessOptions {
  readonly store: Store;
  readonly sessions: readonly SessionRef[];
  readonly timing: Timing;
  /** The store's time. */
  readonly now: () => number;
  /** How far the store's clock was set back so far. */
  readonly setBackMs: () => number;
}

/** A call as it reaches the store. */
export interface ObservedCall {
  readonly method: string;
  readonly argument: unknown;
}

/** Watches one store. */
export class Witness {
  readonly violations: Violation[] = [];
  readonly counts: StoreCounts = {
    admitted: 0,
    deduplicated: 0,
    staged: 0,
    committed: 0,
    fenced: 0,
    conflicts: 0,
    repeats: 0,
    joined: 0,
    resumed: 0,
    merged: 0,
    rollbacks: 0,
    observedStates: 0,
  };
  /** What the store did and still must know, in order. */
  facts: StoreFact[] = [];
  /** What the store did and forgot again. */
  readonly lost: StoreFact[] = [];
  readonly #ears: Readonly<Record<string, (argument: never, reply: never) => void>> = {
    admit: ({ ref }: AdmitCommand, reply: AdmitReply) => this.#heardAdmit(ref, reply),
    claim: (command: ClaimCommand, reply: ClaimReply) => this.#heardClaim(command, reply),
    advance: (command: AdvanceCommand, reply: AdvanceReply) => this.#heardAdvance(command, reply),
    checkpoint: (command: CheckpointCommand, reply: CheckpointReply) => this.#heardCheckpoint(command, reply),
    watch: (command: WatchCommand, reply: WatchReply) => this.#heardWatch(command, reply),
    settleChores: (ref: SessionRef, reply: ChoresReply) => this.#heardSettled(ref, reply.settled),
    close: ({ ref }: CloseCommand, reply: CloseReply) => this.#heardClose(ref, reply),
    interrupt: (command: InterruptCommand, reply: ControlReply) => this.#heardInterrupt(command, reply),
    resume: (command: ResumeCommand, reply: ResumeReply) => this.#heardResume(command, reply),
    apply: ({ ref }: ControlCommand, reply: ControlReply) => this.#heardControl(ref, reply),
  };
  readonly #options: WitnessOptions;
  readonly #latest = new Map<string, ExplainFacts | null>();
  #lastToken = 0;

  constructor(options: WitnessOptions) {
    this.#options = options;
  }

  /** Where a session stood after the last call that touched it. */
  latest(ref: SessionRef): ExplainFacts | null {
    return this.#latest.get(refKey(ref)) ?? null;
  }

  report(guarantee: Guarantee, text: string): void {
    this.violations.push({ guarantee, text });
  }

  /** Called right after the store carried out a call, before anything else happens to it. */
  look(call: ObservedCall): void {
    if (TOUCHING_ONE.has(call.method)) this.#observe(refOf(call.argument));
    else if (TOUCHING_ALL.has(call.method)) for (const session of this.#options.sessions) this.#observe(session);
  }

  /** What the store answered to a call. */
  hear({ method, argument }: ObservedCall, reply: unknown): void {
    const hear = this.#ears[method] as ((argument: unknown, reply: unknown) => void) | undefined;
    hear?.(argument, reply);
  }

  /** What a process says of its background work: the store is away at times, and nothing else may go wrong there. */
  heardReport({ phrase, error }: { readonly phrase: string; readonly error: unknown }): void {
    if (error === undefined || isAppError(error, "store.unavailable")) return;
    // A session that takes nothing in, or is gone, refuses what is sent by itself as well.
    if (OF_NOBODY.has(phrase) && isAppError(error)) return;
    this.report("G8", `${phrase}: ${messageOf(error)}`);
  }

  /** Remembers the present, so that it can be gone back to. */
  snapshot(): () => void {
    const known = this.facts.length;
    const token = this.#lastToken;
    return () => {
      const lost = this.facts.splice(known);
      this.#lastToken = token;
      this.counts.rollbacks += 1;
      this.lost.push(...lost);
      for (const session of this.#options.sessions) this.#observe(session);
    };
  }

  #heardAdmit(ref: SessionRef, reply: AdmitReply): void {
    if (reply.kind === "deduplicated") this.counts.deduplicated += 1;
    if (reply.kind !== "accepted") return;
    this.counts.admitted += 1;
    const { inputId, admission, displaced, status, mergedInto } = reply;
    this.facts.push({ type: "admitted", ref, inputId, admission });
    // The input that carries the content of both is admitted in the same step.
    if (mergedInto !== null) {
      this.facts.push({ type: "admitted", ref, inputId: mergedInto, admission: admission + 1 });
      this.counts.merged += 1;
    }
    // Consumed by being admitted: the answer itself tells how it ended.
    if (status === "consumed") this.facts.push({ type: "settled", ref, inputId, outcome: CONSUMED_ON_ACCEPT });
    this.#heardSettled(ref, displaced);
  }

  #heardClaim({ ref, claimId, node }: ClaimCommand, reply: ClaimReply): void {
    if (reply.kind !== "staged" && reply.kind !== "idle") return;
    this.#heardSettled(ref, reply.settled);
    if (reply.kind !== "staged") return;
    if (reply.batch.fence.claimId !== claimId) this.report("G2", `a claim of ${claimId} got another's batch`);
    this.#heardStaged(ref, node, reply.batch);
  }

  #heardAdvance(command: AdvanceCommand, reply: AdvanceReply): void {
    if (reply.kind === "fenced") this.counts.fenced += 1;
    if (reply.kind === "conflict") this.counts.conflicts += 1;
    if (reply.kind !== "committed") return;
    const { ref, node, fence, settlement } = command;
    if (reply.next.kind === "staged") this.#heardStaged(ref, node, reply.next.batch);
    if (reply.isRepeat) {
      this.counts.repeats += 1;
      return;
    }
    // A run that was asked to end without a trace commits nothing, whatever was sent.
    if ("digest" in settlement && reply.position > command.expectedPosition) {
      const goesOn = settlement.kind === "suspended" && settlement.on.type !== "approval";
      const { kind: result, digest } = settlement;
      this.#heardCommit(ref, { position: reply.position, digest, fence, node, result, goesOn });
    }
    this.#heardSettled(ref, reply.settled);
  }

  /** An inner boundary does not say who sends it; its fence does. */
  #heardCheckpoint({ ref, fence, boundary, call }: CheckpointCommand, reply: CheckpointReply): void {
    if (reply.kind !== "taken") return;
    const { position, isRepeat } = reply;
    const inputIds = reply.inputs.map(({ inputId }) => inputId);
    if (isRepeat) {
      this.counts.repeats += 1;
      this.#heardAgain({ fence, call, inputIds });
      return;
    }
    if (boundary !== null) {
      const { digest } = boundary;
      this.#heardCommit(ref, { position, digest, fence, node: null, result: "checkpointed", goesOn: false });
    }
    this.counts.joined += inputIds.length;
    this.facts.push({ type: "joined", ref, fence, call, inputIds });
  }

  /** A repeat gives what the first call gave. */
  #heardAgain({ fence, call, inputIds }: Pick<Extract<StoreFact, { type: "joined" }>, "fence" | "call" | "inputIds">) {
    const first = this.facts.find((fact) => {
      return fact.type === "joined" && fact.call === call && isSameFence(fact.fence, fence);
    });
    if (first?.type === "joined" && first.inputIds.join() === inputIds.join()) return;
    this.report("G5", `call ${call} of ${fence.runId} gave something else when it was repeated`);
  }

  #heardCommit(ref: SessionRef, commit: Commit): void {
    this.counts.committed += 1;
    this.facts.push({ type: "committed", ref, commit });
  }

  #heardSettled(ref: SessionRef, settled: readonly SettledInput[]): void {
    for (const { inputId, outcome } of settled) this.facts.push({ type: "settled", ref, inputId, outcome });
  }

  #heardClose(ref: SessionRef, reply: CloseReply): void {
    if ("settled" in reply) this.#heardSettled(ref, reply.settled);
  }

  #heardControl(ref: SessionRef, reply: ControlReply): void {
    if (reply.kind !== "applied" || reply.isRepeat) return;
    this.#heardSettled(ref, reply.settled);
    if (reply.report.phaseAfter === "destroyed") this.facts.push({ type: "destroyed", ref });
  }

  #heardInterrupt({ ref, mode }: InterruptCommand, reply: ControlReply): void {
    if (reply.kind !== "applied" || reply.isRepeat) return;
    const { abortedRunId: runId } = reply.report;
    if (runId !== undefined) this.facts.push({ type: "asked", ref, runId, mode });
  }

  #heardResume({ ref, runId }: ResumeCommand, reply: ResumeReply): void {
    if (reply.kind !== "resumed" || reply.isRepeat) return;
    this.counts.resumed += 1;
    this.facts.push({ type: "resumed", ref, runId });
  }

  /** Who watches an operation names no input. */
  #heardWatch({ ref, inputId }: WatchCommand, reply: WatchReply): void {
    if (reply.kind !== "settled" || inputId === undefined) return;
    this.facts.push({ type: "shown", ref, inputId, outcome: reply.outcome });
  }

  /** A token is minted for every staging and for nothing else; a repeat shows the one it got. */
  #heardStaged(ref: SessionRef, node: NodeId, { fence }: StagedBatch): void {
    if (fence.token > this.#lastToken) {
      this.#lastToken = fence.token;
      this.counts.staged += 1;
      this.facts.push({ type: "staged", ref, fence, node });
      return;
    }
    this.counts.repeats += 1;
    const first = this.facts.find((fact) => fact.type === "staged" && fact.fence.token === fence.token);
    if (first?.type === "staged" && isSameFence(first.fence, fence)) return;
    this.report("G2", `token ${fence.token} was handed out twice, the second time to ${fence.claimId}`);
  }

  /** What is runnable is due at a time that comes (L6), whatever else is going on. */
  #observe(ref: SessionRef): void {
    const now = this.#options.now();
    void this.#options.store.archive.explainFacts(ref).then((facts) => {
      this.counts.observedStates += 1;
      this.#latest.set(refKey(ref), facts);
      if (facts === null || !isRunnable(facts)) return;
      const { dueAt } = facts;
      const session = ref.sessionId;
      if (dueAt === null) this.report("G8", `${session} is runnable and not due`);
      else if (dueAt > now + this.#horizon(facts, now))
        this.report("G8", `${session} is due only in ${dueAt - now} ms`);
    });
  }

  /** How far ahead a due time may lie; a store clock that was set back leaves behind some that lie further. */
  #horizon({ nextTimed }: ExplainFacts, now: number): number {
    const { leaseMs, graceMs, unhostedMs, sweepDelayMs } = this.#options.timing;
    const untilTimed = nextTimed === null ? 0 : nextTimed.at - now;
    return this.#options.setBackMs() + Math.max(leaseMs + graceMs, unhostedMs, sweepDelayMs, untilTimed);
  }
}

/** What is said of inputs that no client sent. */
const OF_NOBODY: ReadonlySet<string> = new Set(["firing refused", "detached work not told"]);

const CONSUMED_ON_ACCEPT: Outcome = { kind: "completed_without_result" };

const TOUCHING_ONE = new Set([
  "admit",
  "claim",
  "advance",
  "checkpoint",
  "inspectDue",
  "settleChores",
  "apply",
  "interrupt",
  "resume",
  "register",
  "begin",
  "close",
  "commit",
  "move",
  "open",
  "terminate",
]);
const TOUCHING_ALL = new Set(["adopt", "renew"]);

/** A lease is held, or a bound session that may run has something that wakes it or waits for a time. */
export function isRunnable({ run, record, waking }: ExplainFacts): boolean {
  if (run !== null) return true;
  const mayRun = record.phase === "idle" || record.phase === "retired";
  return mayRun && record.binding !== null && (waking > 0 || record.scheduled > 0);
}

function refOf(argument: unknown): SessionRef {
  return (argument as { readonly ref?: SessionRef }).ref ?? (argument as SessionRef);
}

function isSameFence(one: Fence, other: Fence): boolean {
  return one.claimId === other.claimId && one.runId === other.runId && one.token === other.token;
}
