/** Order, read from the session's own events: who was staged when, with whom, and who waited meanwhile (G6). */
import type { InputId, RunId, SessionEvent } from "@holdfast/contracts";
import type { InputRecord } from "@holdfast/runtime";
import type { LedgerRecord } from "./ledger-record.ts";
import type { Complain } from "./life.ts";

/** The latest attempt of each run, the inputs it was given, and those that boundaries applied. */
type Runs = Map<RunId, { readonly attempt: number; readonly members: string; readonly applied: readonly InputId[] }>;

interface Place {
  readonly record: InputRecord;
  /** Places among the session's events; infinite for what never happened. */
  admittedAt: number;
  stagedAt: number;
  endedAt: number;
  stagings: number;
}

/** Checks the order in which inputs were staged. */
export function checkOrder(ledger: LedgerRecord, complain: Complain): void {
  const places = readPlaces(ledger, complain);
  checkLanes(places, complain);
  checkSteering(places, complain);
  for (const { record, stagings } of places.values()) {
    if (stagings === record.attempts) continue;
    complain("G5", `${record.inputId} counts ${record.attempts} attempts and was staged ${stagings} times`);
  }
}

function readPlaces({ inputs, events }: LedgerRecord, complain: Complain): ReadonlyMap<InputId, Place> {
  const never = Number.POSITIVE_INFINITY;
  const places = new Map<InputId, Place>(
    inputs.map((record) => {
      return [record.inputId, { record, admittedAt: never, stagedAt: never, endedAt: never, stagings: 0 }];
    }),
  );
  const runs: Runs = new Map();
  events.forEach(({ event }, at) => {
    if (event.type === "run.checkpointed" || event.type === "run.suspended") leaveApplied(runs, event);
    if (event.type === "run.started") {
      // An attempt counts for what the run applied before as well.
      for (const inputId of checkAttempt(runs, event, complain)) note(places, inputId, again);
    }
    if (event.type === "input.admitted") {
      note(places, event.inputId, (place) => {
        place.admittedAt = at;
      });
    }
    for (const inputId of stagedIn(event)) note(places, inputId, (place) => stage(place, at, complain));
    for (const inputId of endedIn(event)) note(places, inputId, (place) => end(place, at, complain));
  });
  return places;
}

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

function stage(place: Place, at: number, complain: Complain): void {
  if (place.endedAt < at) complain("G5", `${place.record.inputId} was staged after it had ended`);
  place.stagedAt = Math.min(place.stagedAt, at);
  place.stagings += 1;
}

function again(place: Place): void {
  place.stagings += 1;
}

function end(place: Place, at: number, complain: Complain): void {
  if (place.endedAt < at) complain("G1", `${place.record.inputId} ended twice`);
  place.endedAt = at;
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

/** What a boundary applied is not handed out again. */
function leaveApplied(
  runs: Runs,
  { runId, inputIds }: { readonly runId: RunId; readonly inputIds: readonly InputId[] },
): void {
  const last = runs.get(runId);
  if (last !== undefined) runs.set(runId, { ...last, members: "", applied: [...last.applied, ...inputIds] });
}

/** Inputs of a lane are first staged in the order of admission; one that waits for a time waits alone. */
function checkLanes(places: ReadonlyMap<InputId, Place>, complain: Complain): void {
  const all = [...places.values()];
  for (const lane of ["steer", "queue"] as const) {
    let latest: Place | null = null;
    for (const place of all) {
      const isInLane = place.record.policy.lane === lane && place.stagedAt !== Number.POSITIVE_INFINITY;
      if (!isInLane || isTimed(place)) continue;
      if (latest !== null && place.stagedAt < latest.stagedAt) {
        complain("G6", `${place.record.inputId} was staged before ${latest.record.inputId}, which came first`);
      }
      latest = place;
    }
  }
}

function isTimed({ record }: Place): boolean {
  return record.payload.includes('"notBefore"');
}

/** Nothing of the queue lane is staged while something of the steer lane could be. */
function checkSteering(places: ReadonlyMap<InputId, Place>, complain: Complain): void {
  const all = [...places.values()];
  const steering = all.filter(({ record }) => record.policy.lane === "steer");
  // One that failed may block its lane for a while, and the queue lane goes on.
  if (steering.some((place) => place.record.failures > 0 || isTimed(place))) return;
  for (const { stagedAt, record } of all) {
    if (record.policy.lane !== "queue" || stagedAt === Number.POSITIVE_INFINITY) continue;
    const passed = steering.find((steer) => {
      return steer.admittedAt < stagedAt && steer.stagedAt > stagedAt && steer.endedAt > stagedAt;
    });
    if (passed !== undefined)
      complain("G6", `${record.inputId} was staged before ${passed.record.inputId}, which steers`);
  }
}
