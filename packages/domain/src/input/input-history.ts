/**
 * What happened to one input, told from the facts of its session. Nothing is
 * stored for it: a fact says once what several inputs went through, and a
 * record that grew with every step would cost each script that reads it.
 */
import type { InputHistoryEntry, InputId, InputStep, RunId, SessionEvent } from "@holdfast/contracts";

/** An event, and when it became true. */
export interface TimedEvent {
  readonly at: number;
  readonly event: SessionEvent;
}

/** An input on its way through the events. */
interface Journey {
  readonly inputId: InputId;
  readonly entries: InputHistoryEntry[];
  status: InputStep;
  runId: RunId | null;
}

const ENDED: readonly InputStep[] = ["consumed", "superseded", "coalesced", "abandoned"];

/** The steps of an input, in order, from the events of its session since its admission. */
export function inputHistory(inputId: InputId, events: Iterable<TimedEvent>): readonly InputHistoryEntry[] {
  const journey: Journey = { inputId, entries: [], status: "accepted", runId: null };
  for (const { at, event } of events) {
    if (ENDED.includes(journey.status)) break;
    observe(journey, at, event);
  }
  return journey.entries;
}

/** Whether a history has come to its end: no later event is about the input. */
export function isHistoryOver(entries: readonly InputHistoryEntry[]): boolean {
  const last = entries.at(-1);
  return last !== undefined && ENDED.includes(last.to);
}

function observe(journey: Journey, at: number, fact: SessionEvent): void {
  if ("inputId" in fact && fact.inputId === journey.inputId) observeInput(journey, at, fact);
  else if ("runId" in fact) observeRun(journey, at, fact);
}

function observeInput(journey: Journey, at: number, fact: Extract<SessionEvent, { inputId: InputId }>): void {
  const move = (to: InputStep, reason: string) => step(journey, at, { to, reason });
  switch (fact.type) {
    case "input.admitted":
      return fact.isConsumed === true ? move("consumed", "consumed on admission") : move("queued", "admitted");
    case "input.superseded":
      return move("superseded", `superseded by ${fact.by}`);
    case "input.coalesced":
      return move("coalesced", `coalesced into ${fact.into}`);
    case "input.abandoned":
      return move("abandoned", fact.reason);
    case "input.deduplicated":
    // What becomes of a dead letter is no step of the input: it has ended.
    case "input.redriven":
    case "input.discarded":
      return;
  }
}

function observeRun(journey: Journey, at: number, fact: Extract<SessionEvent, { runId: RunId }>): void {
  const { runId } = fact;
  const move = (to: InputStep, reason: string) => step(journey, at, { to, reason });
  const returned = (inputs: readonly InputId[], reason: string) => {
    if (inputs.includes(journey.inputId)) move("queued", reason);
  };
  if ("inputIds" in fact && fact.inputIds.includes(journey.inputId)) contribute(journey, at, fact);
  switch (fact.type) {
    case "run.completed":
      if (journey.runId === runId) move("consumed", `${runId} ended`);
      return;
    case "run.failed":
      return returned(fact.requeued, `${runId} failed: ${fact.code}`);
    case "run.lost":
      return returned(fact.requeued, `${runId} lost its worker`);
    case "run.released":
      return returned(fact.requeued, `${runId} was handed back`);
    default:
      if (journey.runId === runId) observeEnd(journey, at, fact);
  }
}

/** The run of the input ended, and a boundary before that had applied it. */
function observeEnd(journey: Journey, at: number, fact: Extract<SessionEvent, { runId: RunId }>): void {
  const isEarlier = "applied" in fact && fact.applied?.includes(journey.inputId) === true;
  const move = (to: InputStep, reason: string) => step(journey, at, { to, reason });
  if (fact.type === "run.superseded" && isEarlier) move("superseded", `superseded by ${fact.by}`);
  else if (isEarlier) move("consumed", `${fact.runId} ended`);
}

/** The input is among those that a run was started with, or that a boundary of it is about. */
function contribute(journey: Journey, at: number, fact: Extract<SessionEvent, { inputIds: InputId[] }>): void {
  const { runId } = fact;
  const move = (to: InputStep, reason: string) => step(journey, at, { to, reason });
  journey.runId = runId;
  if (fact.type === "run.started") return move("staged", `attempt ${fact.attempt} of ${runId}`);
  switch (fact.type) {
    case "run.steered":
      return move("staged", `joined ${runId}`);
    case "run.cancelled":
    case "run.rolled_back":
      return move("abandoned", "cancelled");
    case "run.superseded":
      return move("superseded", `superseded by ${fact.by}`);
    case "run.exhausted":
      return move("consumed", `${runId} ended`);
    default:
  }
  move("applied", `contributed to ${runId}`);
  move("applied_pending", `receipt ${fact.position}`);
}

function step(journey: Journey, at: number, { to, reason }: Pick<InputHistoryEntry, "to" | "reason">): void {
  journey.entries.push({ at, from: journey.status, to, reason });
  journey.status = to;
}
