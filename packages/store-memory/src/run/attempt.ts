/** Ends an attempt that leaves its inputs undone: lost, failed or handed back (G6). */
import type { AbandonReason, FailureReport, InputId, RunId } from "@holdfast/contracts";
import { getInputs, moveInput } from "../input/input.ts";
import type { HoldData, InputData } from "../session/session-data.ts";
import { stepRun } from "../session/transitions.ts";
import { emit, originOf, type Work } from "../session/work.ts";
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

function endInput(work: Work, input: InputData, end: AttemptEnd & { readonly cause: number }): void {
  const isBudgetSpent = isSpent(end, input);
  if (isBudgetSpent) {
    input.detail = end.reason;
    if (end.failure !== null) input.failure = end.failure;
  } else {
    input.notBeforeAt = end.notBeforeAt;
    input.isWaking = true;
  }
  moveInput(work, input, end.event, { isBudgetSpent, isHeld: work.session.isHeld });
  if (!isBudgetSpent) return;
  const fact = { type: "input.abandoned", inputId: input.inputId, reason: end.reason } as const;
  emit(work, fact, originOf(end.cause, [input]));
}

/** Moves the inputs of a hold and its run; the hold itself is the caller's. */
export function endAttempt(work: Work, hold: HoldData, end: AttemptEnd): void {
  const inputs = getInputs(work.session, hold.staged);
  const survivors = inputs.filter((input) => !isSpent(end, input));
  const requeued: InputId[] = survivors.map(({ inputId }) => inputId);
  emit(work, { ...end.fact, requeued }, originOf(hold.startedCursor, survivors));
  const cause = work.session.cursor;
  const isSplit = mustSplit(end, inputs, survivors.length);
  for (const input of inputs) {
    if (isSplit && !isSpent(end, input)) {
      input.runId = null;
      input.isSolo = true;
    }
    endInput(work, input, { ...end, cause });
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
