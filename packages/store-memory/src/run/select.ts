/** Selects the next batch (L2). */
import type { Lane } from "@holdfast/contracts";
import { type BatchLimits, selectBatch as batchOf } from "@holdfast/domain";
import type { ExecutorRange, StagingOffer } from "@holdfast/runtime";
import { getInput, getInputs } from "../input/input.ts";
import { LANES, occupy, stopWaiting, wakeQueued } from "../input/lane.ts";
import type { InputData } from "../session/session-data.ts";
import type { Work } from "../session/work.ts";

/** Most that one step looks at. */
const LIMIT = 100;

/** The inputs to stage, or until when every lane that has some is blocked. */
export type Selection =
  | { readonly batch: readonly InputData[]; readonly blockedUntil: null }
  | { readonly batch: null; readonly blockedUntil: number | null };

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

/** Inputs whose time has come enter their lane, at the place they were admitted to. */
export function promote(work: Work): void {
  const { session, now } = work;
  if (session.scheduled === 0) return;
  const ripe = session.later.slice(0, LIMIT).filter(({ at }) => at <= now);
  const ids = ripe.map(({ inputId }) => inputId);
  for (const input of getInputs(session, ids)) {
    stopWaiting(work, input);
    occupy(work, input);
    if (input.isWaking) wakeQueued(work);
  }
}

/** The next batch by the rules of order. Holes at the front of a lane are left behind for good. */
export function selectBatch(work: Work, limits: BatchLimits): Selection {
  if (work.session.waking === 0) return { batch: null, blockedUntil: null };
  let blockedUntil: number | null = null;
  for (const lane of LANES) {
    const first = firstOf(work, lane);
    if (first === undefined) continue;
    if (first.notBeforeAt <= work.now) return { batch: batchOf(leading(work, lane), limits), blockedUntil: null };
    blockedUntil = Math.min(blockedUntil ?? first.notBeforeAt, first.notBeforeAt);
  }
  return { batch: null, blockedUntil };
}

/** The leading inputs of a stretch of a lane. */
function peek({ session }: Work, name: Lane, limit: number): InputData[] {
  const lane = session.lanes[name];
  const end = Math.min(lane.tail, lane.head + limit);
  const inputs: InputData[] = [];
  for (let place = lane.head; place < end; place += 1) {
    const inputId = lane.places.get(place);
    if (inputId !== undefined) inputs.push(getInput(session, inputId));
    else if (inputs.length === 0) lane.head = place + 1;
  }
  return inputs;
}

// A lane that was only holes for a whole stretch may hold more behind it: look further.
function firstOf(work: Work, lane: Lane): InputData | undefined {
  return peek(work, lane, 1)[0] ?? peek(work, lane, LIMIT)[0] ?? peek(work, lane, 10 * LIMIT)[0];
}

/** The leading inputs of a lane, for as long as they are asked for. */
function* leading({ session }: Work, name: Lane): Generator<InputData> {
  const lane = session.lanes[name];
  const end = Math.min(lane.tail, lane.head + LIMIT);
  for (let place = lane.head; place < end; place += 1) {
    const inputId = lane.places.get(place);
    if (inputId !== undefined) yield getInput(session, inputId);
  }
}
