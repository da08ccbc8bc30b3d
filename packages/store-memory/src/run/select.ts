/** Selects the next batch (L2). */
import { type Lane, type RunId, SCRIPT_BATCH } from "@holdfast/contracts";
import { type BatchLimits, selectBatch as batchOf, type Candidate } from "@holdfast/domain";
import type { ExecutorRange, StagingOffer } from "@holdfast/runtime";
import { getInput } from "../input/input.ts";
import { LANES, occupy, stopWaiting, wakeQueued } from "../input/lane.ts";
import type { ContinuedRun, InputData } from "../session/session-data.ts";
import type { Work } from "../session/work.ts";
import { isContinuedRun, isRunId, resumeRun } from "./continuation.ts";
import { loadRun } from "./run.ts";

/** The inputs to stage, or the run that goes on, or until when every lane that has some is blocked. */
export type Selection =
  | { readonly batch: Selected; readonly blockedUntil: null }
  | { readonly batch: null; readonly blockedUntil: number | null };

/** What is staged next. */
export type Selected = readonly InputData[] | { readonly lane: Lane; readonly place: number; readonly runId: RunId };

/** The limits of an offer, for the executor the session is bound to. */
export function limitsOf({ session }: Work, offer: StagingOffer): BatchLimits {
  return { maxInputs: offer.maxInputs, isBatching: offer.batching.includes(session.executor as string) };
}

/** Whether a worker may run the session; undecided when it has not said whether its version lies in the range. */
export function hosting(
  { executor, versions }: Pick<Work["session"], "executor" | "versions">,
  { executors, ranges, declined }: StagingOffer,
): "yes" | "no" | "undecided" {
  if (executor === null || !executors.includes(executor)) return "no";
  const isIt = (range: ExecutorRange) => range.executor === executor && range.versions === versions;
  if (versions === "" || ranges.some(isIt)) return "yes";
  return declined !== null && isIt(declined) ? "no" : "undecided";
}

/** What waited for its time enters its lane: inputs at the place they were admitted to, runs at the end. */
export function promote(work: Work): void {
  const { session, now } = work;
  if (session.scheduled + session.timers === 0) return;
  const ripe = session.later.slice(0, SCRIPT_BATCH).filter(({ at }) => at <= now);
  for (const { id } of ripe) {
    if (isRunId(id)) {
      resumeRun(work, id, loadRun(session, id));
      continue;
    }
    const input = getInput(session, id);
    stopWaiting(work, input);
    occupy(work, input);
    if (input.isWaking) wakeQueued(work);
  }
}

/** The next batch by the rules of order. Holes at the front of a lane are left behind for good. */
export function selectBatch(work: Work, limits: BatchLimits): Selection {
  if (work.session.waking + work.session.continued === 0) return { batch: null, blockedUntil: null };
  let blockedUntil: number | null = null;
  for (const lane of LANES) {
    const first = firstOf(work, lane);
    if (first === undefined) continue;
    if (first.notBeforeAt <= work.now) {
      const place = work.session.lanes[lane].head;
      const batch = isContinuedRun(first)
        ? { lane, place, runId: first.runId }
        : (batchOf(leading(work, lane), limits) as InputData[]);
      return { batch, blockedUntil: null };
    }
    blockedUntil = Math.min(blockedUntil ?? first.notBeforeAt, first.notBeforeAt);
    // A run in progress that keeps strict order lets nothing pass.
    if (isContinuedRun(first)) return { batch: null, blockedUntil };
  }
  return { batch: null, blockedUntil };
}

/** What leads a stretch of a lane. */
export function peek({ session }: Work, name: Lane, limit: number): (InputData | ContinuedRun)[] {
  const lane = session.lanes[name];
  const end = Math.min(lane.tail, lane.head + limit);
  const entries: (InputData | ContinuedRun)[] = [];
  for (let place = lane.head; place < end; place += 1) {
    const entry = lane.places.get(place);
    if (entry !== undefined) entries.push(isContinuedRun(entry) ? entry : getInput(session, entry));
    else if (entries.length === 0) lane.head = place + 1;
  }
  return entries;
}

// A lane that was only holes for a whole stretch may hold more behind it: look further.
function firstOf(work: Work, lane: Lane): InputData | ContinuedRun | undefined {
  return peek(work, lane, 1)[0] ?? peek(work, lane, SCRIPT_BATCH)[0] ?? peek(work, lane, 10 * SCRIPT_BATCH)[0];
}

/** What leads a lane, for as long as it is asked for. */
function* leading({ session }: Work, name: Lane): Generator<Candidate> {
  const lane = session.lanes[name];
  const end = Math.min(lane.tail, lane.head + SCRIPT_BATCH);
  for (let place = lane.head; place < end; place += 1) {
    const entry = lane.places.get(place);
    if (entry === undefined) continue;
    // A run that goes on joins nobody, so it is never among what is selected.
    if (isContinuedRun(entry)) yield { lane: name, isPrompt: false, boundary: null, runId: entry.runId, isSolo: true };
    else yield getInput(session, entry);
  }
}
