/**
 * What holds of every session at every moment, whatever happened to it.
 *
 *   M1  Every input that has not ended stands in exactly one place: in its lane,
 *       among those that wait for a time, with the run in progress, with one that
 *       lies in the run table, or, if its generation ended, within reach of a chore.
 *   M2  The counters of a session say what its lanes hold.
 *   M3  A session with a hold, chores, runs that wait for operations, or work that
 *       somebody may take is due at a finite time (L6).
 *   M4  Positions, admissions and events are dense; an input contributes to one
 *       receipt at most, and the digest is that of the last one.
 *   M5  An input of a run carries its id, its generation, and the status that says
 *       whether a boundary of it is committed.
 *   M6  Scopes and answers to requests are those that a ring names, of which the
 *       latest so many answers are kept (G14).
 */
import { KEPT_REQUESTS } from "@holdfast/contracts";
import { INPUT_TABLE, SESSION_TABLE } from "@holdfast/domain";
import { isRunId } from "../run/continuation.ts";
import type { Timed } from "../session/session-data.ts";
import { stepInput, stepSession } from "../session/transitions.ts";
import type { InputImage, SessionImage } from "./session-image.ts";

/** The first thing that is wrong with a session, or `null`. */
export function findImageFault(image: SessionImage): string | null {
  if (SESSION_TABLE.finalStates.includes(image.phase)) return findDueFault(image);
  for (const find of [findPlaceFault, findCounterFault, findDueFault, findHistoryFault, findHoldFault, findRingFault]) {
    const fault = find(image);
    if (fault !== null) return fault;
  }
  return null;
}

function findRingFault({ scopes, scopeRing, ...image }: SessionImage): string | null {
  const scopeCount = Object.keys(scopes).length;
  if (scopeCount !== scopeRing.to - scopeRing.from) return `${scopeCount} scopes are not those of the ring (M6)`;
  const { requests, reports, resumeRequests, published, unregistered } = image;
  const answers = [reports, resumeRequests, published, unregistered].flatMap((answer) => Object.keys(answer)).length;
  if (answers !== requests.to - requests.from) return `${answers} answers are not those of the ring (M6)`;
  return answers > KEPT_REQUESTS ? `${answers} requests are known (M6)` : null;
}

function hasEnded({ status }: InputImage): boolean {
  return INPUT_TABLE.finalStates.includes(status);
}

function lanePlaces({ lanes }: SessionImage) {
  return [...lanes.steer.places, ...lanes.queue.places];
}

function findPlaceFault(image: SessionImage): string | null {
  const places = new Map<string, number>();
  const stands = (inputId: string) => places.set(inputId, (places.get(inputId) ?? 0) + 1);
  for (const id of [...lanePlaces(image), ...image.later].flatMap(inputOf)) stands(id);
  for (const inputId of runsOf(image).flatMap(({ staged, applied }) => [...staged, ...applied])) stands(inputId);
  for (const chore of image.chores) if (chore.kind === "end") for (const inputId of chore.staged) stands(inputId);
  for (const input of image.inputs) {
    const expected = hasEnded(input) ? 0 : 1;
    const found = places.get(input.inputId) ?? 0;
    if (found !== expected) return `input ${input.inputId} is ${input.status} and stands in ${found} places (M1)`;
  }
  return null;
}

/** The input that stands at a place or waits for a time; none where a run does. */
function inputOf(entry: { readonly inputId: string } | { readonly runId: string } | Timed): readonly string[] {
  if ("inputId" in entry) return [entry.inputId];
  return "id" in entry && !isRunId(entry.id) ? [entry.id] : [];
}

interface RunImage {
  readonly runId: string;
  readonly generation: number;
  readonly staged: readonly string[];
  readonly applied: readonly string[];
}

/** Runs that have inputs: those that lie in the run table, and the one in progress. */
function runsOf({ runs, hold, generation }: SessionImage): readonly RunImage[] {
  const parked = Object.entries(runs).flatMap(([runId, run]) => (run.place > 0 ? [{ ...run, runId }] : []));
  return hold === null ? parked : [...parked, { ...hold, generation }];
}

function findCounterFault(image: SessionImage): string | null {
  const { inputs, lanes, later, expiries, counters, generation, runs } = image;
  const current = new Map(
    inputs.filter((input) => input.generation === generation).map((input) => [input.inputId as string, input]),
  );
  const queued = [...lanes.steer.places, ...lanes.queue.places]
    .flatMap(inputOf)
    .flatMap((inputId) => current.get(inputId) ?? []);
  const waking = queued.filter(({ isWaking, admission }) => isWaking || admission <= counters.wokenThrough);
  const scheduled = later.flatMap(inputOf).filter((inputId) => current.has(inputId));
  const passing = [...current.values()].filter(({ isEphemeral, status }) => {
    return isEphemeral && stepInput(status, "input.drop") !== null;
  });
  const expiring = expiries.filter(({ id, at }) => current.get(id)?.expiresAt === at);
  const parked = Object.values(runs).filter((run) => run.place > 0 && run.generation === generation);
  const isOfNow = (runId: string) => runs[runId]?.generation === generation && (runs[runId]?.place ?? 0) > 0;
  const counted = {
    queued: queued.length,
    waking: waking.length,
    scheduled: scheduled.length,
    passing: passing.length,
    expiring: expiring.length,
    parked: parked.flatMap(({ staged, applied }) => [...staged, ...applied]).length,
    continued: lanePlaces(image).filter((entry) => "runId" in entry && isOfNow(entry.runId)).length,
    timers: later.filter(({ id }) => isRunId(id) && isOfNow(id)).length,
    awaiting: parked.filter(({ suspension }) => suspension?.type === "operation").length,
  };
  for (const [name, count] of Object.entries(counted)) {
    const said = counters[name as keyof typeof counted];
    if (said !== count) return `${count} inputs are ${name}, the session counts ${said} (M2)`;
  }
  const outside = [lanes.steer, lanes.queue].find(({ head, places }) => {
    return places.some((entry) => entry.place < head && inputOf(entry).some((inputId) => current.has(inputId)));
  });
  return outside === undefined ? null : `an input stands before the head ${outside.head} of its lane (M2)`;
}

function findDueFault(image: SessionImage): string | null {
  const { phase, executor, hold, chores, counters, dueAt } = image;
  if (dueAt !== null) return Number.isFinite(dueAt) ? null : "the session is due at no time (M3)";
  if (hold !== null) return "a session with a hold is not due (M3)";
  if (chores.length > 0) return "a session with chores is not due (M3)";
  if (counters.expiring > 0) return "a session with inputs that expire is not due (M3)";
  if (counters.awaiting > 0) return "a session with runs that wait for operations is not due (M3)";
  const mayStage = executor !== null && stepSession(phase, "run.stage", { hasRun: false, isBound: true }) !== null;
  return mayStage && hasWork(image) ? "a session with work is not due (M3)" : null;
}

function hasWork({ phase, counters, isOwing }: SessionImage): boolean {
  // What is owed to a session is told only where nothing else is to be done.
  const isTold = !isOwing || counters.queued > 0 || stepSession(phase, "input.admit") === null;
  return counters.waking + counters.scheduled + counters.continued + counters.timers > 0 || !isTold;
}

function findHistoryFault({ inputs, receipts, events, counters, position, digest }: SessionImage): string | null {
  const { admitted, cursor: lastEvent, trimmedEvents, trimmedInputs, trimmedReceipts } = counters;
  const kept = inputs.filter(({ admission }) => admission > trimmedInputs);
  if (kept.some(({ admission }, index) => admission !== trimmedInputs + index + 1))
    return "admissions are not dense (M4)";
  if (kept.length !== admitted - trimmedInputs) return "admissions are not counted (M4)";
  const isDense = events.every(({ cursor }, index) => cursor === trimmedEvents + index + 1);
  if (!isDense || events.length !== lastEvent - trimmedEvents) return "events are not dense (M4)";
  const contributors = receipts.flatMap((receipt) => receipt.contributors);
  if (new Set(contributors).size !== contributors.length) return "an input contributes to two receipts (M4)";
  const anchors = Math.min(trimmedReceipts, 1);
  if (receipts.length !== position - trimmedReceipts + anchors)
    return `${receipts.length} receipts lead to position ${position} (M4)`;
  const last = receipts.at(-1);
  return last === undefined || last.digest === digest ? null : "the digest is not that of the last receipt (M4)";
}

function findHoldFault(image: SessionImage): string | null {
  const { hold, inputs, token, generation } = image;
  if (hold !== null && hold.token > token) return "a hold has a token that was never handed out (M5)";
  const runs = runsOf(image).filter((run) => run.generation === generation);
  const expected = new Map(
    runs.flatMap(({ runId, staged, applied }) => [
      ...staged.map((inputId) => [inputId, `staged by ${runId}`] as const),
      ...applied.map((inputId) => [inputId, `applied_pending by ${runId}`] as const),
    ]),
  );
  for (const { inputId, status, runId, ...input } of inputs) {
    if (input.generation !== generation) continue;
    const isOfRun = status === "staged" || status === "applied_pending";
    const found = isOfRun ? `${status} by ${runId}` : undefined;
    if (expected.get(inputId) !== found) {
      return `input ${inputId} is ${found ?? status}, its run says ${expected.get(inputId)} (M5)`;
    }
  }
  return null;
}
