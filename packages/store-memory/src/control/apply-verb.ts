/** Applies a control verb, once per request id (C1 to C6). */
import { AppError, type ControlReport, type ControlVerb, type NodeId, type RequestId } from "@holdfast/contracts";
import { CONTROL_GOALS, newReport } from "@holdfast/domain";
import type { ControlCommand, ControlReply } from "@holdfast/runtime";
import { hasChores } from "../session/due.ts";
import { keepRequest } from "../session/ring.ts";
import { lookAtSchedules } from "../session/schedules.ts";
import type { SessionData } from "../session/session-data.ts";
import { perform, stepSession, type Transition } from "../session/transitions.ts";
import { emit, isLive, liveFollowers, type MemoryContext, openSession, rehearse, type Work } from "../session/work.ts";
import { CONTROL_EFFECTS, type Draft, pendingCount } from "./effects.ts";

/** Applies a verb. */
export function applyVerb(context: MemoryContext, command: ControlCommand): ControlReply {
  const opened = openSession(context, command.ref);
  if (opened === null) return { kind: "missing" };
  const known = findReport(opened.session, command.requestId, command.verb);
  if (known !== undefined) return answer(opened, { report: known, isRepeat: true });
  const work = command.isDryRun === true ? rehearse(opened) : opened;
  const { session } = work;
  const { hold, phase } = session;
  const isBusy = isLive(hold, work);
  const transition = stepSession(phase, `control.${command.verb}`, {
    hasRun: hold !== null,
    isBusy,
    isBound: session.executor !== null,
    hasPending: session.queued + session.scheduled + session.parked > 0,
  });
  if (transition === null && CONTROL_GOALS[command.verb] !== phase) {
    return { kind: "refused", phase, isBusy, currentRunId: hold?.runId ?? null };
  }
  const draft = newDraft(work, command, transition);
  if (transition !== null) carryOut(work, draft, transition);
  session.reports.set(command.requestId, draft.report);
  keepRequest(session, "control", command.requestId);
  return answer(work, { ...draft, isRepeat: false });
}

/**
 * The report that a request id got before. @throws idempotency.mismatch when it named another command, a resumption
 * included
 */
export function findReport(
  { reports, resumeRequests }: SessionData,
  requestId: RequestId,
  verb: ControlVerb,
): ControlReport | undefined {
  const known = reports.get(requestId);
  const used = resumeRequests.has(requestId) ? "resume" : (known?.verb ?? verb);
  if (used === verb) return known;
  throw new AppError("idempotency.mismatch", { message: `this request id was used for ${used}` });
}

function newDraft(
  work: Work,
  { verb }: ControlCommand,
  transition: Transition<ControlReport["phaseAfter"]> | null,
): Draft {
  const { phase } = work.session;
  return {
    report: newReport(verb, phase, transition?.next ?? phase),
    pendingBefore: pendingCount(work),
    staged: [],
    abortNode: null,
    dueAt: null,
  };
}

function carryOut(work: Work, draft: Draft, transition: Transition<ControlReport["phaseAfter"]>): void {
  const { report } = draft;
  work.session.phase = transition.next;
  perform(transition.effects, CONTROL_EFFECTS, work, draft);
  lookAtSchedules(work, report.phaseBefore);
  // What a chore is still to drop is not carried over.
  const kept = draft.pendingBefore - report.inputsAbandoned - report.inputsDropped;
  if (report.verb === "retire") report.inputsPendingDrain = pendingCount(work);
  if (report.verb === "recycle") report.inputsTransferred = kept;
  if (report.verb === "recover") report.inputsRecovered = kept;
  const { verb, phaseBefore: from, phaseAfter: to } = report;
  emit(work, { type: "session.phase_changed", verb, from, to });
}

function answer(
  work: Work,
  result: { report: ControlReport; isRepeat: boolean; abortNode?: NodeId | null; dueAt?: number | null },
): ControlReply {
  const { session, now, config } = work;
  const { report, isRepeat, abortNode = null, dueAt = null } = result;
  const isWoken = dueAt !== null && dueAt <= now + config.timing.rewakeMs && !hasChores(work);
  const runId = report.abortedRunId;
  return {
    kind: "applied",
    isRepeat,
    report: { ...report },
    abort: abortNode === null || runId === undefined ? null : { node: abortNode, runId, reason: "stopped" },
    wake: isWoken ? { epoch: session.epoch, executor: session.executor ?? "" } : null,
    hasChores: hasChores(work),
    settled: work.settled,
    followers: liveFollowers(work),
    cursor: session.cursor,
  };
}
