/**
 * The two lanes. An input keeps its place in the ring while it is staged or
 * waits for its time, so that it returns ahead of everything admitted after it.
 */
import type { InputId, Lane } from "@holdfast/contracts";
import type { InputData, TimedInput } from "../session/session-data.ts";
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
  input.isWaiting = true;
  work.session.scheduled += 1;
  addTimed(work.session.later, { inputId: input.inputId, at: input.notBeforeAt });
}

/** An input whose time has come, or that ended first, waits no longer. */
export function stopWaiting({ session }: Work, input: InputData): void {
  input.isWaiting = false;
  session.scheduled -= 1;
  removeTimed(session.later, input.inputId);
}

/** The place behind everything queued, or the one before it for an input that jumps the lane. */
export function assignPlace({ session }: Work, input: InputData, isFront: boolean): void {
  const lane = session.lanes[input.lane];
  if (isFront) {
    lane.head -= 1;
    input.place = lane.head;
  } else {
    input.place = lane.tail;
    lane.tail += 1;
  }
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
function addTimed(later: TimedInput[], timed: TimedInput): void {
  const isBefore = (other: TimedInput) =>
    other.at < timed.at || (other.at === timed.at && other.inputId < timed.inputId);
  let [low, high] = [0, later.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(later[middle] as TimedInput)) low = middle + 1;
    else high = middle;
  }
  later.splice(low, 0, timed);
}

/** Takes an input from among those that wait. */
export function removeTimed(later: TimedInput[], inputId: InputId): void {
  const at = later.findIndex((timed) => timed.inputId === inputId);
  if (at >= 0) later.splice(at, 1);
}
