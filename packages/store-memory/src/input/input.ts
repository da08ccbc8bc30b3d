/** Effects of the input machine, each one data movement, and the step that performs them. */
import type { InputId, Outcome } from "@holdfast/contracts";
import { outcomeOf } from "@holdfast/domain";
import type { SettledInput } from "@holdfast/runtime";
import type { InputData, SessionData } from "../session/session-data.ts";
import { type EffectHandlers, isFinal, perform, stepInput } from "../session/transitions.ts";
import type { Work } from "../session/work.ts";
import { assignPlace, occupy, occupyOrWait, vacate, watchExpiry } from "./lane.ts";

/** The status as every reader sees it: inputs of an ended generation are abandoned before their rows say so. */
export function statusOf(session: SessionData, input: InputData): InputData["status"] {
  if (!isEndedEarly(session, input)) return input.status;
  return stepInput(input.status, "input.abandon")?.next ?? input.status;
}

function isEndedEarly(session: SessionData, input: InputData): boolean {
  return input.generation !== session.generation && !isFinal("input", input.status);
}

/** How an input ended, or `null` while it has not. */
export function outcomeOfInput(session: SessionData, input: InputData): Outcome | null {
  const receipt = session.receipts[input.position - 1];
  const output = session.outputs.get(input.position);
  const detail = isEndedEarly(session, input) ? session.endings.get(input.generation) : input.detail;
  return outcomeOf({
    status: statusOf(session, input),
    detail: detail ?? "",
    attempts: input.attempts,
    ...(receipt === undefined ? {} : { receipt: { runId: receipt.runId, position: input.position } }),
    ...(output === undefined ? {} : { output: JSON.parse(output) as unknown }),
    ...(input.failure === null ? {} : { failure: input.failure }),
  });
}

/** A terminal input, for whoever waits. */
export function settledInput(session: SessionData, input: InputData): SettledInput {
  return { inputId: input.inputId, outcome: outcomeOfInput(session, input) as Outcome, nodes: input.nodes };
}

/** Notes the outcome and clears what only a living input has. */
export function recordOutcome({ session, settled }: Work, input: InputData): void {
  settled.push(settledInput(session, input));
  input.nodes = [];
  // The run it ended in stays where no receipt names it.
  if (input.position > 0) input.runId = null;
  input.notBeforeAt = 0;
  input.boundary = null;
  input.expiresAt = 0;
}

const INPUT_EFFECTS: EffectHandlers<[Work, InputData]> = {
  enterLane: (work, input) => {
    occupyOrWait(work, input);
    watchExpiry(work, input);
  },
  leaveLane: vacate,
  countAttempt: (_, input) => {
    input.attempts += 1;
  },
  countFailure: (_, input) => {
    input.failures += 1;
  },
  countLoss: (_, input) => {
    input.losses += 1;
  },
  returnToPlace: occupy,
  moveBehind: (work, input) => {
    assignPlace(work, input);
    occupyOrWait(work, input);
  },
  recordOutcome,
  deadLetter: ({ session }, input) => {
    session.deadLetterCount += 1;
    session.openLetters += 1;
    input.letter = session.deadLetterCount;
    session.deadLetters[input.letter - 1] = input.inputId;
  },
};

/** Whether it is counted among those that a rebuilt session does without. */
export function isPassing({ isEphemeral, status }: InputData): boolean {
  return isEphemeral && stepInput(status, "input.drop") !== null;
}

/** Moves one input. Raises when its machine refuses: callers validate first. */
export function moveInput(
  work: Work,
  input: InputData,
  event: string,
  facts?: Readonly<Record<string, boolean>>,
): void {
  const transition = stepInput(input.status, event, facts);
  if (transition === null) throw new TypeError(`input ${input.inputId} is ${input.status} and refuses ${event}`);
  if (isPassing(input)) work.session.passing -= 1;
  input.status = transition.next;
  if (isPassing(input)) work.session.passing += 1;
  input.changedAfterMs = work.now - input.admittedAt;
  perform(transition.effects, INPUT_EFFECTS, work, input);
}

/** Inputs that are known to exist. */
export function getInputs(session: SessionData, ids: readonly InputId[]): InputData[] {
  return ids.map((inputId) => getInput(session, inputId));
}

/** An input that is known to exist. */
export function getInput(session: SessionData, inputId: InputId): InputData {
  const input = session.inputs.get(inputId);
  if (input === undefined) throw new TypeError(`session ${session.member} has lost input ${inputId}`);
  return input;
}
