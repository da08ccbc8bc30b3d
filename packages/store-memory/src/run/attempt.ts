/** Ends an attempt that leaves its inputs undone: lost, failed or handed back (G6). */
import type { AbandonReason, FailureReport, InputId, RunId } from "@holdfast/contracts";
import { getInputs, moveInput } from "../input/input.ts";
import { assignPlace } from "../input/lane.ts";
import type { HoldData, InputData, RunData } from "../session/session-data.ts";
import { stepRun } from "../session/transitions.ts";
import { emit, originOf, type Work } from "../session/work.ts";
import { earlierOf, membersOf, parkRun, queueRun, timeRun } from "./continuation.ts";
import { moveRun, putRun } from "./run.ts";

type AttemptFact =
  | { readonly type: "run.lost" | "run.released"; readonly runId: RunId }
  | { readonly type: "run.failed"; readonly runId: RunId; readonly code: string };

/** Why an attempt ends, and what that costs its inputs. */
export interface AttemptEnd {
  readonly event: "run.lose" | "run.fail" | "run.release";
  /** What is told of it, without the inputs that are tried again. */
  readonly fact: AttemptFact;
  /** Charged to every input; `null` for an orderly hand-back. */
  readonly charge: { readonly counter: "losses" | "failures"; readonly limit: number } | null;
  /** Nothing is tried again, whatever the budget says. */
  readonly isFinal: boolean;
  readonly reason: AbandonReason;
  readonly failure: FailureReport | null;
  readonly notBeforeAt: number;
}

function isSpent({ isFinal, charge }: AttemptEnd, input: InputData): boolean {
  return isFinal || (charge !== null && input[charge.counter] + 1 >= charge.limit);
}

// Members of a batch that failed once or was lost twice are tried one by one, under new runs; so are those of a
// lost one of which some need not survive: a run belongs to exactly its set.
function mustSplit({ charge }: AttemptEnd, inputs: readonly InputData[], survivors: number): boolean {
  if (inputs.length < 2 || survivors === 0 || charge === null) return false;
  if (charge.counter === "failures" || (inputs[0] as InputData).losses >= 1) return true;
  return inputs.some(({ isEphemeral }) => isEphemeral);
}

function endInput(
  work: Work,
  input: InputData,
  end: AttemptEnd & { readonly cause: number },
  isContinued: boolean,
): void {
  const isBudgetSpent = isSpent(end, input);
  if (isBudgetSpent) {
    input.detail = end.reason;
    if (end.failure !== null) input.failure = end.failure;
  } else if (!isContinued) {
    input.notBeforeAt = end.notBeforeAt;
    input.isWaking = true;
  }
  moveInput(work, input, end.event, { isBudgetSpent, isHeld: work.session.isHeld, isContinued });
  if (!isBudgetSpent) return;
  const fact = { type: "input.abandoned", inputId: input.inputId, reason: end.reason } as const;
  emit(work, fact, originOf(end.cause, [input]));
}

/** What was applied under a receipt stays with its run, or is consumed when that ends (N2). */
function endApplied(work: Work, input: InputData, end: AttemptEnd, isOver: boolean): void {
  if (isOver) {
    input.detail = end.reason;
    if (end.failure !== null) input.failure = end.failure;
  }
  moveInput(work, input, end.event, { isBudgetSpent: isOver, isHeld: work.session.isHeld, isContinued: true });
}

// A lost attempt goes on before everything else; a failed one behind what is queued, unless the session
// keeps strict order: then it holds both lanes up until its time.
function parkAttempt(work: Work, hold: HoldData, run: RunData, { event, notBeforeAt }: AttemptEnd): void {
  const { runId } = hold;
  const isBehind = event === "run.fail" && !work.session.isHeld;
  parkRun(work, hold, run, isBehind ? "queue" : "steer");
  if (isBehind && notBeforeAt > work.now) timeRun(work, runId, run, notBeforeAt);
  else queueRun(work, run, { runId, notBeforeAt, isFront: !isBehind });
}

/** Ends an attempt of a run that goes on as a whole, until the budget of any of its inputs is spent. */
function endContinued(work: Work, hold: HoldData, end: AttemptEnd): void {
  const staged = getInputs(work.session, hold.staged);
  const applied = getInputs(work.session, hold.applied);
  const isOver = [...staged, ...applied].some((input) => isSpent(end, input));
  const cause = emitEnd(work, hold, end, staged);
  const run = moveRun(work, hold, end.event, isOver);
  if (isOver && applied.length > 0) {
    emit(work, { type: "run.exhausted", runId: hold.runId, inputIds: [...hold.applied] }, originOf(cause, applied));
  }
  for (const input of applied) endApplied(work, input, end, isOver);
  for (const input of staged) {
    // With budget left, what joined late is tried on its own.
    if (isOver && !isSpent(end, input)) setFree(work, hold, input);
    endInput(work, input, { ...end, cause }, !isOver);
  }
  if (!isOver) parkAttempt(work, hold, run, end);
  putRun(work, hold.runId, run);
}

function setFree(work: Work, hold: HoldData, input: InputData): void {
  input.runId = null;
  input.isSolo = true;
  leaveParked(work, hold, input);
}

/** Nobody kept the place of what was parked with its run: it goes to the end of its lane. */
export function leaveParked(work: Work, hold: HoldData, input: InputData): void {
  if (hold.isSteered && hold.attempt > 1) assignPlace(work, input);
}

/** Tells that an attempt ended and which of its inputs are tried again; answers the cursor of that fact. */
function emitEnd(work: Work, hold: HoldData, end: AttemptEnd, inputs: readonly InputData[]): number {
  const survivors = inputs.filter((input) => !isSpent(end, input));
  const requeued: InputId[] = survivors.map(({ inputId }) => inputId);
  emit(work, { ...end.fact, requeued }, originOf(hold.startedCursor, survivors));
  return work.session.cursor;
}

/** Whether the staged run was asked to end, and not only at its next boundary. */
export function isCancelled({ cancelMode }: HoldData): boolean {
  return cancelMode !== null && cancelMode !== "boundary";
}

/** Ends a run without receipt and state; its inputs are not tried again. */
export function rollBack(work: Work, hold: HoldData): void {
  const members = membersOf(hold);
  const run = moveRun(work, hold, "run.roll_back");
  run.inputs = hold.staged;
  putRun(work, hold.runId, run);
  const inputs = getInputs(work.session, members);
  for (const input of inputs) {
    input.detail = "cancelled";
    moveInput(work, input, "run.roll_back");
  }
  const fact = { runId: hold.runId, inputIds: [...hold.staged], ...earlierOf(hold) };
  emit(work, { type: "run.rolled_back", ...fact }, originOf(hold.startedCursor, inputs));
}

/** Moves the inputs of a hold and its run; the hold itself is the caller's. */
export function endAttempt(work: Work, hold: HoldData, end: AttemptEnd): void {
  if (isCancelled(hold)) {
    rollBack(work, hold);
    return;
  }
  const inputs = getInputs(work.session, hold.staged);
  const survivors = inputs.filter((input) => !isSpent(end, input));
  const isSplit = mustSplit(end, inputs, survivors.length);
  if (hold.isSteered && (hold.applied.length > 0 || (survivors.length > 0 && !isSplit))) {
    endContinued(work, hold, end);
    return;
  }
  const cause = emitEnd(work, hold, end, inputs);
  for (const input of inputs) {
    if (isSplit && !isSpent(end, input)) setFree(work, hold, input);
    endInput(work, input, { ...end, cause }, false);
  }
  const run = moveRun(work, hold, end.event, survivors.length === 0);
  run.inputs = hold.staged;
  if (isSplit) {
    const split = stepRun(run.status, "run.split");
    if (split === null) throw new TypeError(`run ${hold.runId} is ${run.status} and cannot be split`);
    run.status = split.next;
  }
  putRun(work, hold.runId, run);
}

/** The holder died: every staged input is charged a loss and returns to its place. */
export function loseAttempt(work: Work, hold: HoldData): void {
  endAttempt(work, hold, {
    event: "run.lose",
    fact: { type: "run.lost", runId: hold.runId },
    charge: { counter: "losses", limit: work.config.budget.maxLosses },
    isFinal: false,
    reason: "executor_lost",
    failure: null,
    notBeforeAt: 0,
  });
}
