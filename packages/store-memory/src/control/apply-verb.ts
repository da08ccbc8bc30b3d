/** Applies a control verb, once per request id (C1 to C6). */
import { type AbandonReason, AppError, type ControlReport, type ControlVerb, type NodeId } from "@holdfast/contracts";
import { CONTROL_GOALS, newReport, type ReportDraft } from "@holdfast/domain";
import type { ControlCommand, ControlReply } from "@holdfast/runtime";
import { getInputs } from "../input/input.ts";
import { LANES } from "../input/lane.ts";
import { loseAttempt } from "../run/attempt.ts";
import { moveRun, putRun } from "../run/run.ts";
import { dueAtRest, hasChores, indexDue, unpark } from "../session/due.ts";
import { removeMember } from "../session/ordered.ts";
import type { EndChore } from "../session/session-data.ts";
import { isFinal, perform, stepSession, type Transition } from "../session/transitions.ts";
import { emit, isLive, liveFollowers, type MemoryContext, openSession, rehearse, type Work } from "../session/work.ts";
import { dropPassing } from "./drop-passing.ts";

/** Applies a verb. */
export function applyVerb(context: MemoryContext, command: ControlCommand): ControlReply {
  const opened = openSession(context, command.ref);
  if (opened === null) return { kind: "missing" };
  const known = opened.session.reports.get(command.requestId);
  if (known !== undefined) {
    assertSameVerb(known, command.verb);
    return answer(opened, { report: known, isRepeat: true });
  }
  const work = command.isDryRun === true ? rehearse(opened) : opened;
  const { session } = work;
  const { hold, phase } = session;
  const isBusy = isLive(hold, work);
  const transition = stepSession(phase, `control.${command.verb}`, {
    hasRun: hold !== null,
    isBusy,
    isBound: session.executor !== null,
    hasPending: session.queued + session.scheduled > 0,
  });
  if (transition === null && CONTROL_GOALS[command.verb] !== phase) {
    return { kind: "refused", phase, isBusy, currentRunId: hold?.runId ?? null };
  }
  const draft = newDraft(work, command, transition);
  if (transition !== null) carryOut(work, draft, transition);
  session.reports.set(command.requestId, draft.report);
  return answer(work, { ...draft, isRepeat: false });
}

/** A request id names one command: the same id with another verb is a caller's mistake. */
export function assertSameVerb(report: ControlReport, verb: ControlVerb): void {
  if (report.verb === verb) return;
  throw new AppError("idempotency.mismatch", { message: `this request id was used for ${report.verb}` });
}

interface Draft {
  readonly report: ReportDraft;
  readonly pendingBefore: number;
  /** Inputs of the run that was ended. */
  staged: EndChore["staged"];
  abortNode: NodeId | null;
  dueAt: number | null;
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

function pendingCount({ session }: Work): number {
  return session.queued + session.scheduled + (session.hold?.staged.length ?? 0);
}

function carryOut(work: Work, draft: Draft, transition: Transition<ControlReport["phaseAfter"]>): void {
  const { report } = draft;
  work.session.phase = transition.next;
  perform(transition.effects, CONTROL_EFFECTS, work, draft);
  // What a chore is still to drop is not carried over.
  const kept = draft.pendingBefore - report.inputsAbandoned - report.inputsDropped;
  if (report.verb === "retire") report.inputsPendingDrain = pendingCount(work);
  if (report.verb === "recycle") report.inputsTransferred = kept;
  if (report.verb === "recover") report.inputsRecovered = kept;
  const { verb, phaseBefore: from, phaseAfter: to } = report;
  emit(work, { type: "session.phase_changed", verb, from, to });
}

/** Ends every input at once for every reader: the generation moves. Their rows follow in chores. */
function abandonAll(reason: AbandonReason) {
  return (work: Work, draft: Draft): void => {
    const { session } = work;
    const { steer, queue } = session.lanes;
    draft.report.inputsAbandoned = draft.pendingBefore;
    session.endings.set(session.generation, reason);
    if (draft.pendingBefore > 0) {
      session.chores.push({
        kind: "end",
        generation: session.generation,
        reason,
        lanes: { steer: { from: steer.head, to: steer.tail }, queue: { from: queue.head, to: queue.tail } },
        scheduled: session.scheduled,
        from: 0,
        staged: draft.staged,
        // The fact that the verb was applied is the next and last of its step.
        cause: session.cursor + 1,
      });
    }
    session.generation += 1;
    for (const name of LANES) session.lanes[name].head = session.lanes[name].tail;
    session.queued = 0;
    session.waking = 0;
    session.scheduled = 0;
    session.passing = 0;
    session.expiring = 0;
  };
}

const CONTROL_EFFECTS = {
  abortRun: ({ session: { hold } }: Work, draft: Draft) => {
    if (hold === null) return;
    draft.abortNode = hold.node;
    draft.report.abortedRunId = hold.runId;
  },
  clearRun: (work: Work, draft: Draft) => {
    const { hold } = work.session;
    if (hold === null) return;
    draft.staged = hold.staged;
    const run = moveRun(work, hold, "run.abandon");
    run.inputs = hold.staged;
    putRun(work, hold.runId, run);
    work.session.hold = null;
  },
  returnStaged: (work: Work, draft: Draft) => {
    const { hold } = work.session;
    if (hold === null) return;
    loseAttempt(work, hold);
    work.session.hold = null;
    // Those whose last loss this is end; those that need not survive are counted as dropped.
    for (const { status, isEphemeral } of getInputs(work.session, hold.staged)) {
      if (isFinal("input", status)) draft.report.inputsAbandoned += 1;
      else if (!isEphemeral) draft.report.inputsRequeued += 1;
    }
  },
  dropPassing: (work: Work, { report }: Draft) => {
    report.inputsDropped = dropPassing(work);
  },
  bumpToken: ({ data }: Work) => {
    data.token += 1;
  },
  "abandonAll.retired": abandonAll("retired"),
  "abandonAll.reset": abandonAll("reset"),
  "abandonAll.stopped": abandonAll("stopped"),
  "abandonAll.destroyed": abandonAll("destroyed"),
  unbind: (work: Work) => {
    unpark(work);
    work.session.executor = null;
    work.session.versions = "";
  },
  leaveDirectory: ({ data, session }: Work) => removeMember(data.listed, session.member),
  purge: ({ session }: Work) => {
    session.chores.push({ kind: "purge", generation: session.generation, terminalCursor: session.cursor + 1 });
  },
  indexDue: (work: Work, draft: Draft) => {
    const { session, now, config } = work;
    if (session.hold !== null) return;
    session.epoch += 1;
    draft.dueAt = dueAtRest(work, { soonest: now + config.timing.rewakeMs });
    indexDue(work, draft.dueAt);
  },
};

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
