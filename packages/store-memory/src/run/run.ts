/** The row of a run and what ends it. */
import type { Fence, RunId, RunStatus } from "@holdfast/contracts";
import { RUN_TABLE } from "@holdfast/domain";
import type { HoldData, RunData, SessionData } from "../session/session-data.ts";
import { isFinal, stepRun } from "../session/transitions.ts";
import type { Work } from "../session/work.ts";
import { closeStream } from "../stream/stand-with-run.ts";

/** The run's row, or what it would say before its first attempt ended. */
export function loadRun(session: SessionData, runId: RunId): RunData {
  const known = session.runs.get(runId);
  if (known !== undefined) return known;
  return {
    status: RUN_TABLE.initial as RunStatus,
    attempts: 0,
    journal: 0,
    sequence: 0,
    positions: [],
    inputs: [],
    staged: [],
    applied: [],
    boundary: null,
    lane: null,
    place: 0,
    generation: 0,
    timerAt: 0,
    suspension: null,
    isStreamed: false,
  };
}

/** Whether a write comes from whoever holds the session now (L4). */
export function isFenceOf(hold: HoldData, fence: Fence): boolean {
  return hold.token === fence.token && hold.claimId === fence.claimId && hold.runId === fence.runId;
}

/** Ends the staged attempt of a hold; while staged, the hold itself is the run's row. */
export function moveRun(work: Work, hold: HoldData, event: string, isBudgetSpent = false): RunData {
  const run = loadRun(work.session, hold.runId);
  // The row of a run that goes on after a boundary says that it is staged.
  const staged = stepRun(run.status, "run.stage")?.next ?? run.status;
  const ended = stepRun(staged, event, { isBudgetSpent });
  if (ended === null) throw new TypeError(`run ${hold.runId} is ${run.status} and refuses ${event}`);
  run.status = ended.next;
  run.attempts = hold.attempt;
  run.journal = hold.journal;
  run.isStreamed = hold.isStreamed;
  return run;
}

/** Keeps a run's row, and closes its stream with it (T14). The journal of an ended run may be long, so a chore removes it (J3). */
export function putRun({ session }: Work, runId: RunId, run: RunData): void {
  if (run.journal > 0 && isFinal("run", run.status)) {
    session.chores.push({ kind: "journal", generation: session.generation, runId, from: 1, to: run.journal });
    run.journal = 0;
  }
  if (isFinal("run", run.status)) {
    session.checkpoints.delete(runId);
    session.resumptions.delete(runId);
  }
  if (run.isStreamed) closeStream(session, runId, run);
  session.runs.set(runId, run);
}
