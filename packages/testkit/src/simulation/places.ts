/** A session's events played again: when each input was admitted, staged and ended, and beside which run. */
import type { InputId, NewInput, RunId, SessionEvent } from "@holdfast/contracts";
import type { InputRecord } from "@holdfast/runtime";
import type { LedgerRecord } from "./ledger-record.ts";
import type { Complain } from "./life.ts";

/** The latest attempt of each run, the inputs it was given, and those that boundaries applied. */
type Runs = Map<RunId, { readonly attempt: number; readonly members: string; readonly applied: readonly InputId[] }>;

/** An input among the session's events. Places are infinite for what never happened, times are the store's. */
export interface Place {
  readonly record: InputRecord;
  readonly input: NewInput;
  admittedAt: number;
  stagedAt: number;
  endedAt: number;
  /** When it ended for every reader; what ends all at once is told of each one later. */
  overAt: number;
  stagings: number;
  admittedTime: number;
  stagedTime: number;
  /** The run that was in progress when it came. */
  beside: RunId | null;
}

/** Every input by its id, in the order of admission. */
export type Places = ReadonlyMap<InputId, Place>;

/** Plays the events of a session; complains of runs and inputs that they do not fit. */
export function readPlaces({ inputs, events }: LedgerRecord, complain: Complain): Places {
  const places = new Map<InputId, Place>(inputs.map((record) => [record.inputId, newPlace(record)]));
  const runs: Runs = new Map();
  let current: RunId | null = null;
  events.forEach(({ event, at: time }, at) => {
    current = currentAfter(event, current);
    if (endsAll(event)) for (const place of places.values()) place.overAt = Math.min(place.overAt, overAt(place, at));
    if (event.type === "run.checkpointed" || event.type === "run.suspended") leaveApplied(runs, event);
    if (event.type === "run.started") {
      // An attempt counts for what the run applied before as well.
      for (const inputId of checkAttempt(runs, event, complain)) note(places, inputId, again);
    }
    if (event.type === "input.admitted") {
      note(places, event.inputId, (place) => {
        place.admittedAt = at;
        place.admittedTime = time;
        place.beside = current;
      });
    }
    if (event.type === "run.steered") join(runs, event);
    for (const inputId of stagedIn(event)) note(places, inputId, (place) => stage(place, { at, time }, complain));
    for (const inputId of endedIn(event)) note(places, inputId, (place) => end(place, at, complain));
  });
  return places;
}

function newPlace(record: InputRecord): Place {
  const input = JSON.parse(record.payload) as NewInput;
  const never = Number.POSITIVE_INFINITY;
  const times = {
    admittedAt: never,
    stagedAt: never,
    endedAt: never,
    overAt: never,
    admittedTime: never,
    stagedTime: never,
  };
  return { record, input, ...times, stagings: 0, beside: null };
}

/** The run in progress after an event. */
function currentAfter(event: SessionEvent, current: RunId | null): RunId | null {
  if (event.type === "run.started") return event.runId;
  const isEnded = ENDING_ATTEMPTS.has(event.type) || endsAll(event);
  return isEnded || (event.type === "session.obligation_closed" && event.obligation === "loop") ? null : current;
}

const ENDING_ATTEMPTS: ReadonlySet<string> = new Set([
  "run.completed",
  "run.failed",
  "run.cancelled",
  "run.rolled_back",
  "run.suspended",
  "run.superseded",
  "run.lost",
  "run.released",
]);

function endsAll(event: SessionEvent): boolean {
  if (event.type === "session.work_abandoned") return true;
  return event.type === "session.phase_changed" && ALL_ENDING.has(event.verb);
}

/** What is not there yet goes on. */
function overAt({ admittedAt }: Place, at: number): number {
  return admittedAt < at ? at : Number.POSITIVE_INFINITY;
}

/** Verbs that end all work. */
const ALL_ENDING: ReadonlySet<string> = new Set(["stop", "reset", "destroy"]);

function stagedIn(event: SessionEvent): readonly InputId[] {
  return event.type === "run.started" || event.type === "run.steered" ? event.inputIds : [];
}

/** The inputs that an event is the end of. */
function endedIn(event: SessionEvent): readonly InputId[] {
  switch (event.type) {
    case "input.admitted":
      return event.isConsumed === true ? [event.inputId] : [];
    case "run.completed":
    case "run.cancelled":
    case "run.rolled_back":
    case "run.superseded":
      return [...(event.applied ?? []), ...event.inputIds];
    case "run.exhausted":
      return event.inputIds;
    case "input.superseded":
    case "input.coalesced":
    case "input.abandoned":
      return [event.inputId];
    default:
      return [];
  }
}

function note(places: ReadonlyMap<InputId, Place>, inputId: InputId, change: (place: Place) => void): void {
  const place = places.get(inputId);
  if (place !== undefined) change(place);
}

function stage(place: Place, { at, time }: { readonly at: number; readonly time: number }, complain: Complain): void {
  if (place.endedAt < at) complain("G5", `${place.record.inputId} was staged after it had ended`);
  place.stagedAt = Math.min(place.stagedAt, at);
  place.stagedTime = Math.min(place.stagedTime, time);
  place.stagings += 1;
}

function again(place: Place): void {
  place.stagings += 1;
}

function end(place: Place, at: number, complain: Complain): void {
  if (place.endedAt < at) complain("G1", `${place.record.inputId} ended twice`);
  place.endedAt = at;
  place.overAt = Math.min(place.overAt, at);
}

/** A run is one ordered set of inputs over all its attempts, but for those that it applied, which are answered. */
function checkAttempt(
  runs: Runs,
  {
    runId,
    attempt,
    inputIds,
  }: { readonly runId: RunId; readonly attempt: number; readonly inputIds: readonly InputId[] },
  complain: Complain,
): readonly InputId[] {
  const members = inputIds.join();
  const last = runs.get(runId) ?? { attempt: 0, members, applied: [] };
  if (attempt !== last.attempt + 1) complain("G5", `attempt ${attempt} of ${runId} follows ${last.attempt}`);
  if (members !== last.members) complain("G6", `${runId} was ${last.members} and became ${members}`);
  runs.set(runId, { ...last, attempt, members });
  return last.applied;
}

/** What joins a run belongs to it from then on. */
function join(runs: Runs, { runId, inputIds }: { readonly runId: RunId; readonly inputIds: readonly InputId[] }): void {
  const last = runs.get(runId);
  if (last === undefined) return;
  const members = [...(last.members === "" ? [] : [last.members]), ...inputIds].join();
  runs.set(runId, { ...last, members });
}

/** What a boundary applied is not handed out again. */
function leaveApplied(
  runs: Runs,
  { runId, inputIds }: { readonly runId: RunId; readonly inputIds: readonly InputId[] },
): void {
  const last = runs.get(runId);
  if (last !== undefined) runs.set(runId, { ...last, members: "", applied: [...last.applied, ...inputIds] });
}
