/** Selects the next batch (L2). */
import type { Lane } from "@holdfast/contracts";
import type { StagingOffer } from "@holdfast/runtime";
import { getInput, getInputs } from "../input/input.ts";
import { LANES, occupy, stopWaiting, wakeQueued } from "../input/lane.ts";
import type { InputData } from "../session/session-data.ts";
import type { Work } from "../session/work.ts";

/** Most that one step looks at. */
const LIMIT = 100;

/** What a worker would take, as far as selection goes by it. */
export interface BatchLimits {
  readonly maxInputs: number;
  /** The bound executor takes several prompts at once. */
  readonly isBatching: boolean;
}

/** The inputs to stage, or until when every lane that has some is blocked. */
export type Selection =
  | { readonly batch: readonly InputData[]; readonly blockedUntil: null }
  | { readonly batch: null; readonly blockedUntil: number | null };

/** The limits of an offer, for the executor the session is bound to. */
export function limitsOf({ session }: Work, offer: StagingOffer): BatchLimits {
  return { maxInputs: offer.maxInputs, isBatching: offer.batching.includes(session.executor as string) };
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
    if (first.notBeforeAt <= work.now) return { batch: batchFrom(work, first, limits), blockedUntil: null };
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

function batchFrom(work: Work, first: InputData, limits: BatchLimits): InputData[] {
  if (isAlone(first, limits)) return [first];
  const inputs = peek(work, first.lane, LIMIT);
  // A run that was staged before keeps its exact set, whatever stands between its members by now.
  if (first.runId !== null) return inputs.filter(({ runId }) => runId === first.runId);
  const end = inputs.findIndex((input, index) => index > 0 && !joins(first, input));
  return inputs.slice(0, Math.min(end === -1 ? inputs.length : end, Math.max(1, limits.maxInputs)));
}

function isAlone(first: InputData, { isBatching }: BatchLimits): boolean {
  if (first.runId !== null) return false;
  return first.isSolo || (first.lane === "queue" && first.isPrompt && !isBatching);
}

function joins(first: InputData, input: InputData): boolean {
  if (input.runId !== null || input.isSolo || input.boundary !== first.boundary) return false;
  return first.lane === "steer" || input.isPrompt === first.isPrompt;
}
