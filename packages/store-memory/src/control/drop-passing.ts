/**
 * Ends the inputs that need not survive: when a dead holder is buried, when an
 * operator recycles or recovers (C6). They lie between others, so the search is
 * bounded, and a chore takes it up where it ended.
 */
import { type InputId, type Lane, SCRIPT_BATCH } from "@holdfast/contracts";
import { getInput, isPassing, moveInput } from "../input/input.ts";
import { LANES } from "../input/lane.ts";
import { isContinuedRun, isRunId } from "../run/continuation.ts";
import type { DropChore } from "../session/chore.ts";
import { emit, originOf, type Work } from "../session/work.ts";

const MOST_STEPS = 3;

/** Drops what a few steps find, and leaves the rest to a chore; answers how many end. */
export function dropPassing(work: Work): number {
  const { session } = work;
  const { passing } = session;
  if (passing === 0) return 0;
  const chore = newDropChore(work);
  for (let step = 0; step < MOST_STEPS; step += 1) if (stepDrop(work, chore)) return passing;
  session.chores.push(chore);
  return passing;
}

function newDropChore({ session }: Work): DropChore {
  const stretchOf = (lane: Lane) => ({ from: session.lanes[lane].head, to: session.lanes[lane].tail });
  return {
    kind: "drop",
    generation: session.generation,
    lanes: { steer: stretchOf("steer"), queue: stretchOf("queue") },
    admitted: session.admitted,
    left: session.passing,
    from: 0,
  };
}

/** One bounded step; answers whether nothing is left to be found. */
export function stepDrop(work: Work, chore: DropChore): boolean {
  // What an ended generation held is another chore's.
  if (chore.generation !== work.session.generation) return true;
  const lane = LANES.find((name) => chore.lanes[name].from < chore.lanes[name].to);
  if (lane === undefined) dropFromLater(work, chore);
  else dropFromLane(work, chore, lane);
  return chore.left <= 0;
}

function dropFromLane(work: Work, chore: DropChore, name: Lane): void {
  const stretch = chore.lanes[name];
  const { places } = work.session.lanes[name];
  const till = Math.min(stretch.to, stretch.from + SCRIPT_BATCH);
  const ids: InputId[] = [];
  for (let place = stretch.from; place < till; place += 1) {
    const entry = places.get(place);
    if (entry !== undefined && !isContinuedRun(entry)) ids.push(entry);
  }
  dropFound(work, ids, chore);
  stretch.from = till;
}

/** `from` counts how many of those that wait for a time were passed. */
function dropFromLater(work: Work, chore: DropChore): void {
  const stretch = work.session.later.slice(chore.from, chore.from + SCRIPT_BATCH);
  const ids = stretch.flatMap(({ id }) => (isRunId(id) ? [] : [id]));
  chore.from += stretch.length - dropFound(work, ids, chore);
  // A list that ends with a sentinel in one store ends one place earlier here.
  if (stretch.length + 1 < SCRIPT_BATCH) chore.left = 0;
}

function dropFound(work: Work, ids: readonly InputId[], chore: DropChore): number {
  let dropped = 0;
  for (const inputId of ids) {
    const input = getInput(work.session, inputId);
    if (input.admission > chore.admitted || !isPassing(input)) continue;
    input.detail = "dropped";
    if (input.isTelling) work.session.isOwing = true;
    moveInput(work, input, "input.drop");
    emit(work, { type: "input.abandoned", inputId, reason: "dropped" }, originOf(null, [input]));
    dropped += 1;
  }
  chore.left -= dropped;
  return dropped;
}
