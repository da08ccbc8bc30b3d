/** Lets a suspended run go on, once per request id (C8). */
import { AppError, type RunStatus } from "@holdfast/contracts";
import { RUN_TABLE } from "@holdfast/domain";
import type { ResumeCommand, ResumeReply } from "@holdfast/runtime";
import { leaveOperation } from "../operation/awaiting-runs.ts";
import { findParked, resumeRun } from "../run/continuation.ts";
import { hastenDue, mayStage } from "../session/due.ts";
import { keepRequest } from "../session/ring.ts";
import type { SessionData } from "../session/session-data.ts";
import { stepRun } from "../session/transitions.ts";
import { liveFollowers, type MemoryContext, openSession, type Work, warmNodeOf } from "../session/work.ts";

/** Resumes a run. */
export function resume(context: MemoryContext, { ref, requestId, runId, value }: ResumeCommand): ResumeReply {
  const work = openSession(context, ref);
  if (work === null) return { kind: "missing" };
  const { session, now, config } = work;
  const known = session.resumeRequests.get(requestId);
  const other = session.reports.get(requestId);
  if (other !== undefined) {
    throw new AppError("idempotency.mismatch", { message: `this request id was used for ${other.verb}` });
  }
  if (known !== undefined) return answer(work, { isRepeat: true, isWoken: false });
  const run = findParked(session, runId);
  if (run === null || stepRun(run.status, "run.resume") === null) {
    return { kind: "not_suspended", status: statusOfRun(session, runId) };
  }
  session.resumptions.set(runId, value);
  leaveOperation(work, runId, run);
  resumeRun(work, runId, run);
  session.resumeRequests.set(requestId, runId);
  keepRequest(session, "control", requestId);
  const isWoken = session.hold === null && mayStage(work);
  if (isWoken) hastenDue(work, now + config.timing.sweepDelayMs);
  return answer(work, { isRepeat: false, isWoken });
}

function statusOfRun(session: SessionData, runId: ResumeCommand["runId"]): RunStatus | null {
  if (session.hold?.runId === runId) return stepRun(RUN_TABLE.initial, "run.stage")?.next ?? null;
  return session.runs.get(runId)?.status ?? null;
}

function answer(
  work: Work,
  { isRepeat, isWoken }: { readonly isRepeat: boolean; readonly isWoken: boolean },
): ResumeReply {
  const { epoch, executor, cursor } = work.session;
  const node = isRepeat ? null : warmNodeOf(work);
  const wake = { signal: isWoken ? "wake" : "none", epoch, node, executor } as const;
  return { kind: "resumed", isRepeat, wake, followers: liveFollowers(work), cursor };
}
