/**
 * Runs that are taken up again as a whole: a boundary of theirs is committed, or
 * inputs have joined them. Until it goes on, such a run is parked: it lies in the
 * run table with its inputs, and stands in a lane of its own accord unless it
 * waits for a time or an answer.
 */
import type { Boundary, InputId, Lane, RunId } from "@holdfast/contracts";
import { addTimed, nextPlace, removeTimed } from "../input/lane.ts";
import type { ContinuedRun, HoldData, InputData, RunData, SessionData } from "../session/session-data.ts";
import { stepRun } from "../session/transitions.ts";
import { emit, type Work } from "../session/work.ts";

/** Whether what stands in a lane is a run, and not an input. */
export function isContinuedRun(entry: InputId | ContinuedRun | InputData): entry is ContinuedRun {
  return typeof entry !== "string" && !("inputId" in entry);
}

/** Whether what waits for a time is a run; anything else is an input. */
export function isRunId(id: InputId | RunId): id is RunId {
  return id.startsWith("run_");
}

/** Lays a run into the run table with what its hold has staged and applied. */
export function parkRun({ session }: Work, hold: HoldData, run: RunData, lane: Lane): void {
  const { parking } = session;
  run.inputs = hold.staged;
  run.staged = hold.staged;
  run.applied = hold.applied;
  run.boundary = hold.boundary satisfies Boundary;
  run.lane = lane;
  run.generation = session.generation;
  parking.tail += 1;
  run.place = parking.tail;
  parking.places.set(run.place, hold.runId);
  session.parked += run.staged.length + run.applied.length;
}

/** Takes a run out of the ring; what it has is the caller's. */
export function unparkRun({ session }: Work, run: RunData): void {
  const { parking } = session;
  parking.places.delete(run.place);
  session.parked -= run.staged.length + run.applied.length;
  if (session.parked === 0) parking.head = parking.tail;
  run.place = 0;
}

/** Lets a parked run stand in its lane. */
export function queueRun(work: Work, run: RunData, entry: ContinuedRun & { readonly isFront: boolean }): void {
  const { runId, notBeforeAt, isFront } = entry;
  const lane = run.lane as Lane;
  work.session.lanes[lane].places.set(nextPlace(work, lane, isFront), { runId, notBeforeAt });
  work.session.continued += 1;
}

/** Lets a parked run wait for a time. */
export function timeRun({ session }: Work, runId: RunId, run: RunData, at: number): void {
  run.timerAt = at;
  addTimed(session.later, { id: runId, at });
  session.timers += 1;
}

/** A parked run goes on: at its time, or because somebody answered. */
export function resumeRun(work: Work, runId: RunId, run: RunData): void {
  const { session } = work;
  if (run.timerAt !== 0) {
    run.timerAt = 0;
    removeTimed(session.later, runId);
    session.timers -= 1;
  }
  const resumed = stepRun(run.status, "run.resume");
  if (resumed !== null) {
    run.status = resumed.next;
    run.suspension = null;
    emit(work, { type: "run.resumed", runId });
  }
  queueRun(work, run, { runId, notBeforeAt: 0, isFront: false });
}

/** Every input of a hold, in the order they were applied or joined. */
export function membersOf({ applied, staged }: Pick<HoldData, "applied" | "staged">): readonly InputId[] {
  return applied.length === 0 ? staged : [...applied, ...staged];
}

/** Inputs that end with their run and were applied by earlier boundaries, as facts tell them. */
export function earlierOf({ applied }: Pick<HoldData, "applied">): { readonly applied?: InputId[] } {
  return applied.length === 0 ? {} : { applied: [...applied] };
}

/** A run that lies in the table and was not ended with its generation. */
export function findParked(session: SessionData, runId: RunId): RunData | null {
  const run = session.runs.get(runId);
  return run !== undefined && run.place > 0 && run.generation === session.generation ? run : null;
}
