/**
 * What an input did to work that was there, read from what it asked for and from the session's own events: its policy
 * as the store kept it proves nothing.
 */
import { type OverlapPolicy, overlapPolicyOf, type RunId, type SessionEvent } from "@holdfast/contracts";
import type { LedgerRecord } from "./ledger-record.ts";
import type { Complain } from "./life.ts";
import type { Place, Places } from "./places.ts";

/** The policy that an input asked for. */
export function overlapOfPlace({ input }: Place): OverlapPolicy | null {
  return input.overlap === undefined ? null : overlapPolicyOf(input.overlap);
}

/** It waits for a time, so it may be passed. */
export function isTimed(place: Place): boolean {
  return place.input.notBefore !== undefined || overlapOfPlace(place) === "debounce";
}

/** It ends the run in progress and runs next. */
export function isUrgent(place: Place): boolean {
  const policy = overlapOfPlace(place);
  return policy === "interrupt" || policy === "rollback";
}

/** Checks every input that asked for a policy of its own, and everything that was displaced. */
export function checkOverlap(ledger: LedgerRecord, places: Places, complain: Complain): void {
  const all = [...places.values()];
  for (const place of all) {
    if (isUrgent(place)) {
      checkNext(place, all, complain);
      checkEnded(ledger, place, complain);
    }
    if (overlapOfPlace(place) === "drop") checkIdle(place, all, complain);
    if (overlapOfPlace(place) === "latest") checkReplaced(place, all, complain);
  }
  for (const { event } of ledger.events) checkDisplaced(places, event, complain);
  checkGivenWay(ledger, complain);
}

/** Nothing is first staged between its coming and its own turn. */
function checkNext(place: Place, all: readonly Place[], complain: Complain): void {
  // One that failed may hold its lane up for a while, and the queue lane goes on.
  if (all.some(({ record }) => record.policy.lane === "steer" && record.failures > 0)) return;
  const until = Math.min(place.stagedAt, place.overAt);
  const passed = all.find((other) => {
    return other !== place && !isUrgent(other) && other.stagedAt > place.admittedAt && other.stagedAt < until;
  });
  if (passed !== undefined)
    complain("G6", `${passed.record.inputId} was staged before ${place.record.inputId}, which is next`);
}

/** The run that was in progress ends: with what it answered meanwhile, or without a trace. */
function checkEnded({ events }: LedgerRecord, { beside, admittedAt, record }: Place, complain: Complain): void {
  if (beside === null) return;
  for (const { event } of events.slice(admittedAt + 1)) {
    if (!("runId" in event) || event.runId !== beside || !GOING_ON.has(event.type)) continue;
    complain("G10", `${event.type} of ${beside} after ${record.inputId} asked it to end`);
  }
}

/** What would not follow if a run were to end. */
const GOING_ON: ReadonlySet<string> = new Set(["run.started", "run.suspended", "run.failed", "run.lost"]);

/** What waits for nothing but its turn. */
function isWaitingAt(place: Place, at: number): boolean {
  const { admittedAt, stagedAt, overAt } = place;
  return admittedAt < at && overAt > at && stagedAt > at && !isTimed(place);
}

/** It was refused if there was work. */
function checkIdle(place: Place, all: readonly Place[], complain: Complain): void {
  const { beside, admittedAt, record } = place;
  if (beside !== null) complain("G10", `${record.inputId} was to be dropped and came beside ${beside}`);
  const other = all.find((one) => isWaitingAt(one, admittedAt) && isWaking(one));
  if (other !== undefined)
    complain("G10", `${record.inputId} was to be dropped and came beside ${other.record.inputId}`);
}

/** Whether it says by itself that the session is woken. */
export function isWaking({ input, record }: Place): boolean {
  if (input.overlap === "hold" || record.policy.wake === "none") return false;
  return input.kind === "prompt";
}

/** What was queued of its kind in its lane is not run any more. */
function checkReplaced({ record, input, admittedAt }: Place, all: readonly Place[], complain: Complain): void {
  const isReplaced = (other: Place) => {
    const isAlike = other.input.kind === input.kind && other.record.policy.lane === record.policy.lane;
    return isAlike && isWaitingAt(other, admittedAt) && other.stagedAt !== Number.POSITIVE_INFINITY;
  };
  const other = all.find(isReplaced);
  if (other !== undefined) complain("G10", `${other.record.inputId} ran though ${record.inputId} took its place`);
}

/** Whatever ends for another one ends for one that came later, and that carries its content where the two were joined. */
function checkDisplaced(places: Places, event: SessionEvent, complain: Complain): void {
  if (event.type !== "input.superseded" && event.type !== "input.coalesced") return;
  const older = places.get(event.inputId);
  const newer = places.get(event.type === "input.superseded" ? event.by : event.into);
  if (older === undefined) return;
  if (newer === undefined || newer.record.admission <= older.record.admission) {
    complain("G1", `${event.inputId} was displaced by what did not come after it`);
    return;
  }
  if (event.type === "input.superseded" || overlapOfPlace(older) !== "merge") return;
  const text = "text" in older.input ? older.input.text : "";
  const isCarried = "text" in newer.input && newer.input.text.includes(text);
  if (!isCarried) complain("G1", `${newer.record.inputId} does not carry what ${event.inputId} said`);
}

/** A run gives way only to what its inbox showed since its last boundary. */
function checkGivenWay({ events }: LedgerRecord, complain: Complain): void {
  const shown = new Map<RunId, Set<string>>();
  for (const { event } of events) {
    if (event.type === "run.steered") {
      const known = shown.get(event.runId) ?? new Set();
      for (const inputId of event.inputIds) known.add(inputId);
      shown.set(event.runId, known);
    }
    if (event.type === "run.checkpointed" || event.type === "run.suspended") shown.delete(event.runId);
    if (event.type === "run.superseded" && shown.get(event.runId)?.has(event.by) !== true) {
      complain("G5", `${event.runId} gave way to ${event.by}, which it was not shown`);
    }
  }
}
