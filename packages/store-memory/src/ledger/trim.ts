/** What a session keeps of what is over (G14): a batch more is trimmed by a chore, a batch in a step. */
import { type Kept, SCRIPT_BATCH } from "@holdfast/contracts";
import type { TrimReply } from "@holdfast/runtime";
import { planLook } from "../blobs/plan-look.ts";
import type { RetainChore } from "../session/chore.ts";
import { hasChores, indexDue } from "../session/due.ts";
import type { InputData, SessionData } from "../session/session-data.ts";
import { isFinal } from "../session/transitions.ts";
import type { Work } from "../session/work.ts";

/** Leaves what is above the retention to a chore, before the next batch is staged. */
export function retain(work: Work): void {
  const { session, config } = work;
  const inputs = session.admitted - config.retention.keepInputs;
  const events = session.cursor - config.retention.keepEvents;
  const isOverfull = inputs - session.trimmedInputs >= SCRIPT_BATCH || events - session.trimmedEvents >= SCRIPT_BATCH;
  if (!isOverfull || hasChores(work)) return;
  const { generation, leftTo } = session;
  session.chores.push({
    kind: "retain",
    generation,
    events: Math.max(events, 0),
    inputs: Math.max(inputs, 0),
    leftTo,
  });
}

/** Leaves what is over, and beyond this, to a chore (D59). */
export function trimSession(work: Work, { keepInputs, keepEvents, keepMs }: Kept): TrimReply {
  const { session, now } = work;
  if (isFinal("session", session.phase)) return { isTrimming: false, nextMs: null };
  const isOld = (at: number | undefined) => at === undefined || at <= now - keepMs;
  const old = (from: number, to: number, atOf: (n: number) => number | undefined) => {
    return keepMs === 0 ? 0 : lastOf(from, to, (n) => isOld(atOf(n)));
  };
  const eventAt = (cursor: number) => session.events[cursor - 1]?.at;
  const admittedAt = (admission: number) => {
    const inputId = session.admissions[admission - 1];
    return inputId === undefined ? undefined : session.inputs.get(inputId)?.admittedAt;
  };
  const events = Math.max(session.cursor - keepEvents, old(session.trimmedEvents, session.cursor, eventAt), 0);
  const inputs = Math.max(session.admitted - keepInputs, old(session.trimmedInputs, session.admitted, admittedAt), 0);
  const isLeft = session.leftTo > session.leftFrom;
  const first = eventAt(Math.max(events, session.trimmedEvents) + 1);
  const next = first !== undefined ? first + keepMs - now : isLeft ? keepMs : null;
  const nextMs = keepMs === 0 ? null : next;
  const isMore = events > session.trimmedEvents || inputs > session.trimmedInputs || isLeft;
  if (!isMore || hasChores(work)) return { isTrimming: false, nextMs };
  session.chores.push({ kind: "retain", generation: session.generation, events, inputs, leftTo: session.leftTo });
  if (session.hold === null) indexDue(work, now);
  return { isTrimming: true, nextMs };
}

/** The last number after `from`, up to `to`, of which something holds that holds of none after one of which it does not. */
function lastOf(from: number, to: number, holds: (n: number) => boolean): number {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (holds(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** One step; answers whether nothing is left to trim. */
export function stepRetain({ data, session, now, config }: Work, chore: RetainChore): boolean {
  if (session.trimmedEvents < chore.events) trimEvents(session, chore);
  else if (session.trimmedInputs < chore.inputs) trimInputs(session, chore);
  else if (session.leftFrom < chore.leftTo) trimPassed(session, chore);
  else if (!trimReceipts(session)) {
    planLook(data, session.member, now + config.timing.collectAfterMs);
    return true;
  }
  return false;
}

function trimEvents(session: SessionData, { events }: RetainChore): void {
  const till = Math.min(events, session.trimmedEvents + SCRIPT_BATCH);
  for (let cursor = session.trimmedEvents + 1; cursor <= till; cursor += 1) {
    const stored = session.events[cursor - 1];
    // Every run has begun with an event; one that left no receipt goes with the last of its beginnings.
    const runId = stored?.event.type === "run.started" ? stored.event.runId : null;
    const run = runId === null ? undefined : session.runs.get(runId);
    if (runId !== null && run !== undefined && isFinal("run", run.status) && run.positions.length === 0) {
      session.runs.delete(runId);
    }
    Reflect.deleteProperty(session.events, cursor - 1);
  }
  session.trimmedEvents = till;
}

/** An input that is over and that nobody has to decide about. What a key named is forgotten with it. */
function trimInput(session: SessionData, input: InputData): boolean {
  if (!isFinal("input", input.status) || input.letter > 0) return false;
  session.inputs.delete(input.inputId);
  if (input.keyedId !== null) session.keys.delete(input.keyedId);
  return true;
}

/** Inputs that live are passed, and looked at again by later chores. */
function trimOrPass(session: SessionData, input: InputData | undefined): void {
  if (input === undefined || trimInput(session, input)) return;
  session.left.set(session.leftTo, input.inputId);
  session.leftTo += 1;
}

function trimInputs(session: SessionData, { inputs }: RetainChore): void {
  const till = Math.min(inputs, session.trimmedInputs + SCRIPT_BATCH);
  for (let admission = session.trimmedInputs + 1; admission <= till; admission += 1) {
    const inputId = session.admissions[admission - 1];
    trimOrPass(session, inputId === undefined ? undefined : session.inputs.get(inputId));
  }
  session.trimmedInputs = till;
}

function trimPassed(session: SessionData, { leftTo }: RetainChore): void {
  const till = Math.min(leftTo, session.leftFrom + SCRIPT_BATCH);
  for (let place = session.leftFrom; place < till; place += 1) {
    const inputId = session.left.get(place);
    session.left.delete(place);
    trimOrPass(session, inputId === undefined ? undefined : session.inputs.get(inputId));
  }
  session.leftFrom = till;
}

/**
 * A receipt goes when the last of its contributors has gone, and not before the one before it; with it its output, and
 * its run. The last one that went stays as a row: the first that is kept is chained to it. Answers whether some went.
 */
function trimReceipts(session: SessionData): boolean {
  let looked = 0;
  while (session.trimmedReceipts < session.position && looked < SCRIPT_BATCH) {
    const position = session.trimmedReceipts + 1;
    const receipt = session.receipts[position - 1];
    if (receipt === undefined || receipt.contributors.some((inputId) => session.inputs.has(inputId))) break;
    looked += 1 + receipt.contributors.length;
    const run = session.runs.get(receipt.runId);
    if (run !== undefined && isFinal("run", run.status) && run.positions.at(-1) === position) {
      session.runs.delete(receipt.runId);
    }
    session.outputs.delete(position);
    Reflect.deleteProperty(session.receipts, session.trimmedReceipts - 1);
    session.trimmedReceipts = position;
  }
  return looked > 0;
}
