/** Finishes at most a batch of the work that another operation left behind. */
import { type InputId, type Lane, type RunId, SCRIPT_BATCH, type SessionRef } from "@holdfast/contracts";
import type { ChoresReply } from "@holdfast/runtime";
import { planLook } from "../blobs/plan-look.ts";
import { stepDrop } from "../control/drop-passing.ts";
import { stepReplace } from "../input/displace.ts";
import { areTooMany, expire, ripeExpiries } from "../input/expire.ts";
import { getInput, recordOutcome } from "../input/input.ts";
import { LANES, removeTimed } from "../input/lane.ts";
import {
  beginLook,
  type EndedInChores,
  newTold,
  stepOperations,
  stepResume,
  stepStrip,
} from "../operation/settle-operations.ts";
import { isContinuedRun, isRunId, membersOf } from "../run/continuation.ts";
import { loadRun, putRun } from "../run/run.ts";
import type { Chore, EndChore, JournalChore } from "../session/chore.ts";
import { dueAtRest, hasChores, indexDue, isLookDue } from "../session/due.ts";
import { newDrainData, newRing, type SessionData } from "../session/session-data.ts";
import { stepInput, stepRun } from "../session/transitions.ts";
import { emit, liveFollowers, type MemoryContext, openSession, originOf, type Work } from "../session/work.ts";
import { newStreamsData } from "../stream/stream-data.ts";
import { stepRetain } from "./trim.ts";

/** Takes one step of the oldest chore. */
export function settleChores(context: MemoryContext, ref: SessionRef): ChoresReply {
  const work = openSession(context, ref);
  if (work === null) return { kind: "done", settled: [], ...newTold(), followers: [], cursor: 0 };
  const { session, now, config } = work;
  if (isLookDue(work)) beginLook(work);
  const chore = session.chores[0];
  const told = newTold();
  const ripe = ripeExpiries(work);
  if (chore !== undefined) {
    if (stepChore(work, chore, told)) session.chores.shift();
  } else expire(work, ripe);
  const isLeft = chore === undefined ? areTooMany(ripe) : hasChores(work) || ripe.length > 0;
  // Whoever holds the session is due by the lease, and looks before it lets go.
  if ((chore !== undefined || ripe.length > 0) && session.hold === null) {
    indexDue(work, dueAtRest(work, { soonest: now + config.timing.rewakeMs }));
  }
  return {
    kind: isLeft ? "more" : "done",
    settled: work.settled,
    ...told,
    followers: liveFollowers(work),
    cursor: session.cursor,
  };
}

/** One bounded step; answers whether the chore is finished. */
function stepChore(work: Work, chore: Chore, told: EndedInChores): boolean {
  switch (chore.kind) {
    case "retain":
      return stepRetain(work, chore);
    case "end":
      return stepEnd(work, chore);
    case "drop":
      return stepDrop(work, chore);
    case "journal":
      return stepJournal(work.session, chore);
    case "replace":
      return stepReplace(work, chore);
    case "operations":
      return stepOperations(work, chore, told);
    case "strip":
      return stepStrip(work, chore, told);
    case "resume":
      return stepResume(work, chore);
    case "purge":
      planLook(work.data, work.session.member, work.now);
      return purge(work.session, chore.terminalCursor);
  }
}

function stepEnd(work: Work, chore: EndChore): boolean {
  const lane = LANES.find((name) => isLeft(chore, name));
  if (chore.staged.length > 0) {
    abandonAll(work, chore.staged, chore);
    chore.staged = [];
  } else if (chore.parkFrom < chore.parkTo) {
    endParked(work, chore);
  } else if (lane !== undefined) {
    endLane(work, chore, lane);
  } else if (chore.scheduled > 0) {
    endScheduled(work, chore);
  }
  return chore.parkFrom >= chore.parkTo && LANES.every((name) => !isLeft(chore, name)) && chore.scheduled <= 0;
}

function isLeft(chore: EndChore, lane: Lane): boolean {
  return chore.lanes[lane].from < chore.lanes[lane].to;
}

function endLane(work: Work, chore: EndChore, name: Lane): void {
  const stretch = chore.lanes[name];
  const { places } = work.session.lanes[name];
  const till = Math.min(stretch.to, stretch.from + SCRIPT_BATCH);
  const ids: InputId[] = [];
  for (let place = stretch.from; place < till; place += 1) {
    const entry = places.get(place);
    if (entry === undefined) continue;
    // A run that goes on is ended with the parked ones.
    if (!isContinuedRun(entry)) ids.push(entry);
    places.delete(place);
  }
  abandonAll(work, ids, chore);
  stretch.from = till;
}

/** The next parked run, with its inputs; places that runs have left are passed a stretch at a time. */
function endParked(work: Work, chore: EndChore): void {
  const { places } = work.session.parking;
  const till = Math.min(chore.parkTo, chore.parkFrom + SCRIPT_BATCH);
  while (chore.parkFrom < till) {
    chore.parkFrom += 1;
    const runId = places.get(chore.parkFrom);
    if (runId === undefined) continue;
    places.delete(chore.parkFrom);
    endRun(work, runId, chore);
    return;
  }
}

function endRun(work: Work, runId: RunId, chore: EndChore): void {
  const { session } = work;
  const run = loadRun(session, runId);
  const ended = stepRun(run.status, "run.abandon");
  if (ended === null) throw new TypeError(`run ${runId} is ${run.status} and cannot be ended`);
  abandonAll(work, membersOf(run), chore);
  if (run.timerAt > 0) removeTimed(session.later, runId);
  const unparked = { status: ended.next, staged: [], applied: [], suspension: null, place: 0, timerAt: 0 };
  putRun(work, runId, Object.assign(run, unparked));
}

/** Those that waited for a time lie between newer ones: `from` counts how many newer ones were passed. */
function endScheduled(work: Work, chore: EndChore): void {
  const { session } = work;
  const stretch = session.later.slice(chore.from, chore.from + SCRIPT_BATCH);
  const ended = stretch.flatMap(({ id }) => {
    return isRunId(id) || getInput(session, id).generation > chore.generation ? [] : [id];
  });
  // A list that ends with a sentinel in one store ends one place earlier here.
  const seen = stretch.length + (stretch.length < SCRIPT_BATCH ? 1 : 0);
  for (const inputId of ended) removeTimed(session.later, inputId);
  abandonAll(work, ended, chore);
  chore.scheduled -= ended.length;
  chore.from = seen < SCRIPT_BATCH ? 0 : chore.from + seen - ended.length;
}

function abandonAll(work: Work, ids: readonly InputId[], chore: EndChore): void {
  for (const inputId of ids) {
    if (getInput(work.session, inputId).generation <= chore.generation) abandon(work, inputId, chore);
  }
}

// The lane place of such an input is gone with its generation, so only its row moves.
function abandon(work: Work, inputId: InputId, { reason, cause }: EndChore): void {
  const input = getInput(work.session, inputId);
  const transition = stepInput(input.status, "input.abandon");
  if (transition === null) return;
  input.status = transition.next;
  input.detail = reason;
  removeTimed(work.session.expiries, inputId);
  recordOutcome(work, input);
  input.changedAfterMs = work.now - input.admittedAt;
  emit(work, { type: "input.abandoned", inputId, reason }, originOf(cause, [input]));
}

function stepJournal(session: SessionData, chore: JournalChore): boolean {
  const steps = session.journals.get(chore.runId);
  const till = Math.min(chore.to, chore.from + SCRIPT_BATCH - 1);
  for (let index = chore.from; index <= till; index += 1) steps?.delete(index);
  chore.from = till + 1;
  const isDone = chore.from > chore.to;
  if (isDone) session.journals.delete(chore.runId);
  return isDone;
}

/** Everything but the tombstone: head, bookkeeping, reports of control commands, the terminal event. */
function purge(session: SessionData, terminalCursor: number): boolean {
  const { inputs, lanes, keys, scopes, outputs, runs, journals } = session;
  const { checkpoints, resumptions, parking } = session;
  for (const map of [inputs, lanes.steer.places, lanes.queue.places, keys, scopes, outputs, runs, journals])
    map.clear();
  for (const map of [checkpoints, resumptions, parking.places, session.left]) map.clear();
  for (const list of [session.admissions, session.receipts, session.deadLetters]) list.length = 0;
  const terminal = session.events[terminalCursor - 1];
  session.events.length = 0;
  if (terminal !== undefined) session.events[terminalCursor - 1] = terminal;
  session.state = null;
  session.last = null;
  session.drain = newDrainData();
  session.leave = null;
  session.labels = {};
  session.schedules = { version: 0, rows: "" };
  session.published.clear();
  session.scopeRing = newRing();
  session.registry = null;
  session.lives.clear();
  Object.assign(session.streams, newStreamsData());
  return true;
}
