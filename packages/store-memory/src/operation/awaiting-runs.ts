/** Runs that are suspended on operations, and go on when those end. */
import { type OperationId, type RunId, SCRIPT_BATCH } from "@holdfast/contracts";
import { findParked, resumeRun } from "../run/continuation.ts";
import { hasChores, hastenDue, mayStage } from "../session/due.ts";
import type { RunData } from "../session/session-data.ts";
import type { Work } from "../session/work.ts";
import type { OperationData } from "./registry-data.ts";

/** A step in which runs may go on. */
export interface ResumingWork {
  readonly work: Work;
  /** How many runs were looked at because what they waited for ended, and whether one goes on. */
  looked: number;
  isResumed: boolean;
}

/** The operation a run is suspended on, if it is one. */
function awaitedBy({ suspension }: RunData): OperationId | null {
  return suspension?.type === "operation" ? (suspension.operationId as OperationId) : null;
}

/**
 * A run waits for an operation; answers how that ended if it did, JSON null if nothing is known of it, and `null`
 * while it is in progress.
 */
export function awaitOperation(work: Work, runId: RunId, run: RunData): string | null {
  const id = awaitedBy(run);
  if (id === null) return null;
  const { session } = work;
  const { registry } = session;
  const life = registry === null ? undefined : session.lives.get(registry.life);
  const operation = life?.operations.get(id);
  if (life === undefined || operation === undefined) return "null";
  const completion = life.completions.get(operation.seq);
  if (completion !== undefined) return completion.outcome;
  operation.runs = [...operation.runs, runId];
  session.awaiting += 1;
  lookLater(work);
  return null;
}

/**
 * While a run waits, somebody looks again when the first process is to be heard of again at the latest: one that is
 * gone ends nothing, and nobody else would notice.
 */
export function lookLater({ session }: Work): void {
  const times = (session.registry?.owners ?? []).filter(({ count }) => count > 0).map(({ until }) => until);
  session.lookAt = session.awaiting > 0 && times.length > 0 ? Math.min(...times) : 0;
}

/** A run goes on before the operation it waits for has ended. */
export function leaveOperation(work: Work, runId: RunId, run: RunData): void {
  const id = awaitedBy(run);
  if (id === null) return;
  const { session } = work;
  stopAwaiting(work);
  const operation = session.lives.get(session.registry?.life ?? 0)?.operations.get(id);
  if (operation !== undefined) operation.runs = operation.runs.filter((other) => other !== runId);
}

function stopAwaiting({ session }: Work): void {
  session.awaiting -= 1;
  if (session.awaiting === 0) session.lookAt = 0;
}

/** What became of an operation, for those that wait for it. */
export interface EndOfOperation {
  readonly operationId: OperationId;
  readonly outcome: string;
}

/** Lets runs go on, a batch of them in one step; answers the rest, and whether one goes on. */
export function resumeRuns(
  step: ResumingWork,
  runIds: readonly RunId[],
  { operationId, outcome }: EndOfOperation,
): { readonly rest: readonly RunId[]; readonly isAny: boolean } {
  const { work } = step;
  const taken = runIds.slice(0, SCRIPT_BATCH - step.looked);
  step.looked += taken.length;
  let isAny = false;
  for (const runId of taken) {
    const run = findParked(work.session, runId);
    // One that was ended with its generation, or resumed by somebody in between, is left alone.
    if (run === null || awaitedBy(run) !== operationId) continue;
    work.session.resumptions.set(runId, outcome);
    stopAwaiting(work);
    resumeRun(work, runId, run);
    isAny = true;
  }
  step.isResumed ||= isAny;
  return { rest: runIds.slice(taken.length), isAny };
}

/** An operation ended; what one step leaves is a chore. Answers whether a run waited. */
export function resumeAwaiting(step: ResumingWork, operation: OperationData, outcome: string): boolean {
  const { operationId, runs } = operation;
  const { session } = step.work;
  const { rest, isAny } = resumeRuns(step, runs, { operationId, outcome });
  operation.runs = [];
  if (rest.length === 0) return isAny;
  session.chores.push({ kind: "resume", generation: session.generation, operationId, runIds: rest, outcome });
  return true;
}

/** Whether a run waits for it; those of an ended generation do not. */
export function isAwaited({ session }: Work, { runs }: OperationData): boolean {
  return runs.length > 0 && session.awaiting > 0;
}

/** Runs go on that waited for what ended: whether somebody is to be woken for them. */
export function hastenResumed({ work, isResumed }: ResumingWork): boolean {
  const { session, now, config } = work;
  if (!isResumed || session.hold !== null) return false;
  const isChore = hasChores(work);
  if (!isChore && !mayStage(work)) return false;
  hastenDue(work, isChore ? now : now + config.timing.sweepDelayMs);
  return !isChore;
}
