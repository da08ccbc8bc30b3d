/** What a session keeps of what is over (G14): a batch more is trimmed by a chore, a batch in a step. */
import { SCRIPT_BATCH } from "@holdfast/contracts";
import { planLook } from "../blobs/memory-collection.ts";
import type { RetainChore } from "../session/chore.ts";
import { hasChores } from "../session/due.ts";
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
