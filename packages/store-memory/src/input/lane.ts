/**
 * The two lanes. An input keeps its place in the ring while it is staged or
 * waits for its time, so that it returns ahead of everything admitted after it.
 */
import type { InputId, Lane, RunId } from "@holdfast/contracts";
import type { InputData, Timed } from "../session/session-data.ts";
import type { Work } from "../session/work.ts";

/** The lanes in the order they are served (L2). */
export const LANES: readonly Lane[] = ["steer", "queue"];

/** Puts an input at its place in the lane. */
export function occupy({ session }: Work, input: InputData): void {
  const lane = session.lanes[input.lane];
  if (input.place < lane.head) lane.head = input.place;
  lane.places.set(input.place, input.inputId);
  count(session, input, 1);
}

/** Takes an input out of its lane, or from among those that wait. */
export function vacate(work: Work, input: InputData): void {
  const { session } = work;
  forgetExpiry(work, input);
  if (input.isWaiting) {
    stopWaiting(work, input);
    return;
  }
  session.lanes[input.lane].places.delete(input.place);
  count(session, input, -1);
}

/** Puts an input at its place, or, before its time, among those that wait. */
export function occupyOrWait(work: Work, input: InputData): void {
  if (input.notBeforeAt <= work.now) {
    occupy(work, input);
    return;
  }
  const { session } = work;
  input.isWaiting = true;
  session.waitingFrom = session.scheduled > 0 ? Math.min(session.waitingFrom, input.place) : input.place;
  session.scheduled += 1;
  addTimed(session.later, { id: input.inputId, at: input.notBeforeAt });
}

/** An input whose time has come, or that ended first, waits no longer. */
export function stopWaiting({ session }: Work, input: InputData): void {
  input.isWaiting = false;
  session.scheduled -= 1;
  removeTimed(session.later, input.inputId);
}

/** Notes when an input ends unless it is staged before. */
export function watchExpiry({ session }: Work, { inputId, expiresAt }: InputData): void {
  if (expiresAt === 0) return;
  session.expiring += 1;
  addTimed(session.expiries, { id: inputId, at: expiresAt });
}

/** What was staged once, or ended, does not expire any more. */
function forgetExpiry({ session }: Work, input: InputData): void {
  if (input.expiresAt === 0) return;
  session.expiring -= 1;
  removeTimed(session.expiries, input.inputId);
  input.expiresAt = 0;
}

/** The place behind everything queued in a lane, or the one before it and before what waits for its time. */
export function nextPlace({ session }: Work, name: Lane, isFront: boolean): number {
  const lane = session.lanes[name];
  if (isFront) {
    lane.head = Math.min(lane.head, ...(session.scheduled > 0 ? [session.waitingFrom] : [])) - 1;
    return lane.head;
  }
  lane.tail += 1;
  return lane.tail - 1;
}

/** The place behind everything queued. */
export function assignPlace(work: Work, input: InputData): void {
  input.place = nextPlace(work, input.lane, false);
}

/** The place before everything that is queued, or that may come back to its own: what is staged, what waits for a time. */
export function placeInFront({ session }: Work, input: InputData): void {
  const lane = session.lanes[input.lane];
  const staged = (session.hold?.staged ?? []).map((inputId) => session.inputs.get(inputId) as InputData);
  const taken = staged.filter((other) => other.lane === input.lane).map(({ place }) => place);
  const waiting = session.scheduled > 0 ? [session.waitingFrom] : [];
  input.place = Math.min(lane.head, ...taken, ...waiting) - 1;
  lane.head = input.place;
}

/** From now on everything admitted so far counts as woken. */
export function wakeQueued({ session }: Work): void {
  session.wokenThrough = session.admitted;
  session.waking = session.queued;
}

// An input counts as waking from its own admission on, or from that of a waking one after it.
function count(session: Work["session"], input: InputData, by: 1 | -1): void {
  session.queued += by;
  if (input.isWaking || input.admission <= session.wokenThrough) session.waking += by;
}

/** Earliest first; at the same time, by id. */
export function addTimed(later: Timed[], timed: Timed): void {
  const isBefore = (other: Timed) => other.at < timed.at || (other.at === timed.at && other.id < timed.id);
  let [low, high] = [0, later.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(later[middle] as Timed)) low = middle + 1;
    else high = middle;
  }
  later.splice(low, 0, timed);
}

/** Takes an input or a run from among those that wait. */
export function removeTimed(later: Timed[], id: InputId | RunId): void {
  const at = later.findIndex((timed) => timed.id === id);
  if (at >= 0) later.splice(at, 1);
}
