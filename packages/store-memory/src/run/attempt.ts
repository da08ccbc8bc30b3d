/** Ends an attempt that leaves its inputs undone: lost, failed or handed back (G6). */
import type { AbandonReason, FailureReport } from "@holdfast/contracts";
import { getInputs, moveInput } from "../input/input.ts";
import type { HoldData, InputData } from "../session/session-data.ts";
import { stepRun } from "../session/transitions.ts";
import { emit, type Work } from "../session/work.ts";
import { moveRun, putRun } from "./run.ts";

/** Why an attempt ends, and what that costs its inputs. */
export interface AttemptEnd {
  readonly event: "run.lose" | "run.fail" | "run.release";
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

function endInput(work: Work, input: InputData, end: AttemptEnd): void {
  const isBudgetSpent = isSpent(end, input);
  if (isBudgetSpent) {
    input.detail = end.reason;
    if (end.failure !== null) input.failure = end.failure;
  } else {
    input.notBeforeAt = end.notBeforeAt;
    input.isWaking = true;
  }
  moveInput(work, input, end.event, { isBudgetSpent, isHeld: work.session.isHeld });
  if (isBudgetSpent) emit(work, { type: "input.abandoned", inputId: input.inputId, reason: end.reason });
}

/** Moves the inputs of a hold and its run; the hold itself is the caller's. */
export function endAttempt(work: Work, hold: HoldData, end: AttemptEnd): void {
  const inputs = getInputs(work.session, hold.staged);
  const survivors = inputs.filter((input) => !isSpent(end, input)).length;
  const isSplit = mustSplit(end, inputs, survivors);
  for (const input of inputs) {
    if (isSplit) {
      input.runId = null;
      input.isSolo = true;
    }
    endInput(work, input, end);
  }
  const run = moveRun(work, hold, end.event, survivors === 0);
  if (isSplit) {
    const split = stepRun(run.status, "run.split");
    if (split === null) throw new TypeError(`run ${hold.runId} is ${run.status} and cannot be split`);
    run.status = split.next;
  }
  putRun(work, hold.runId, run);
}

/** The holder died: every staged input is charged a loss and returns to its place. */
export function loseAttempt(work: Work, hold: HoldData): void {
  emit(work, { type: "run.lost", runId: hold.runId });
  endAttempt(work, hold, {
    event: "run.lose",
    charge: { counter: "losses", limit: work.config.budget.maxLosses },
    isFinal: false,
    reason: "executor_lost",
    failure: null,
    notBeforeAt: 0,
  });
}
