/** Takes a session out of the directory in two phases (D4 to D8). */
import type { Obligation, ObligationStatus, SessionRef, UnregisterReport } from "@holdfast/contracts";
import { newReport, OBLIGATION_TABLE } from "@holdfast/domain";
import type {
  BeginCommand,
  BeginReply,
  CloseCommand,
  CloseReply,
  CommitReply,
  Unregistration,
} from "@holdfast/runtime";
import { planLook } from "../blobs/plan-look.ts";
import { CONTROL_EFFECTS, type Draft, pendingCount } from "../control/effects.ts";
import { liveHolder } from "../drain/memory-drain-slots.ts";
import { dueAtRest, hasChores, indexDue, isLeaving } from "./due.ts";
import { keepRequest } from "./ring.ts";
import type { LeaveData } from "./session-data.ts";
import { perform, stepObligation, stepSession } from "./transitions.ts";
import { emit, isLive, liveFollowers, type MemoryContext, openAway, openSession, type Work } from "./work.ts";

const OBLIGATIONS: readonly Obligation[] = ["loop", "drain", "waiters"];
const OPEN = OBLIGATION_TABLE.initial as ObligationStatus;

/** Unregistrations in process. */
export function createMemoryUnregistration(context: MemoryContext): Unregistration {
  return {
    begin: async (command) => begin(context, command),
    close: async (command) => close(context, command),
    commit: async (ref) => commit(context, ref),
  };
}

/** What an unregistration still waits for; nothing outside of one. */
export function openObligations(work: Work): readonly Obligation[] {
  const leave = leaveOf(work);
  return leave === null ? [] : openOf(leave);
}

/** The unregistration under way. */
function leaveOf(work: Work): LeaveData | null {
  return isLeaving(work) ? work.session.leave : null;
}

function openOf({ obligations }: LeaveData): readonly Obligation[] {
  return OBLIGATIONS.filter((name) => obligations[name] === OPEN);
}

function reportOf({ phaseBefore, inputsAbandoned, abortedRunId, obligations }: LeaveData): UnregisterReport {
  return {
    wasRegistered: true,
    phaseBefore,
    inputsAbandoned,
    ...(abortedRunId === null ? {} : { abortedRunId }),
    obligations: { ...obligations },
  };
}

/** Takes the session's phase one step on, and performs what the machine names. */
function leaveStep(work: Work, event: string, facts: Readonly<Record<string, boolean>>): Draft | null {
  const { session } = work;
  const transition = stepSession(session.phase, event, facts);
  if (transition === null) return null;
  const draft: Draft = {
    report: newReport("stop", session.phase, transition.next),
    pendingBefore: pendingCount(work),
    staged: [],
    abortNode: null,
    dueAt: null,
  };
  session.phase = transition.next;
  perform(transition.effects, CONTROL_EFFECTS, work, draft);
  return draft;
}

function closeOne(leave: LeaveData, name: Obligation, isForced: boolean): void {
  leave.obligations[name] = stepObligation(leave.obligations[name], "obligation.close", { isForced })?.next ?? OPEN;
}

function begin(context: MemoryContext, { ref, requestId }: BeginCommand): BeginReply {
  const known = (openSession(context, ref) ?? openAway(context, ref))?.session.unregistered.get(requestId);
  if (known !== undefined) return { kind: "removed", report: reportOf(known) };
  const work = openSession(context, ref);
  if (work === null) return { kind: "missing" };
  const { session, now, config } = work;
  const { hold, phase } = session;
  const current = leaveOf(work);
  if (current !== null) return draining(work, current, true);
  if (leaveStep(work, "unregister.begin", {}) === null) return { kind: "refused", phase };
  const leave: LeaveData = {
    requestId,
    phaseBefore: phase,
    since: now,
    obligations: { loop: OPEN, drain: OPEN, waiters: OPEN },
    inputsAbandoned: 0,
    abortedRunId: null,
  };
  if (hold === null) closeOne(leave, "loop", false);
  else hold.lookAt = now + config.timing.unregisterMs;
  if (liveHolder(work) === null) closeOne(leave, "drain", false);
  session.leave = leave;
  emit(work, { type: "session.unregistering", from: phase, open: [...openOf(leave)] });
  return draining(work, leave, false);
}

function draining(work: Work, leave: LeaveData, isJoined: boolean): BeginReply {
  const { hold, cursor } = work.session;
  return {
    kind: "draining",
    isJoined,
    requestId: leave.requestId,
    obligations: { ...leave.obligations },
    holder: hold === null ? null : { node: hold.node, runId: hold.runId },
    followers: liveFollowers(work),
    cursor,
  };
}

function close(context: MemoryContext, { ref, obligation, by }: CloseCommand): CloseReply {
  const work = openSession(context, ref);
  const leave = work === null ? null : leaveOf(work);
  if (work === null || leave === null || leave.obligations[obligation] !== OPEN) return { kind: "ignored" };
  const { now, config, session } = work;
  const until = leave.since + config.timing.unregisterMs;
  const closing: Closing = { leave, until, by, isForced: by === "force" || now >= until, abort: null };
  const early = CLOSE[obligation](work, closing);
  if (early !== null) return early;
  closeOne(leave, obligation, closing.isForced);
  const status = leave.obligations[obligation] as Exclude<ObligationStatus, "open">;
  emit(work, { type: "session.obligation_closed", obligation, status });
  indexDue(work, dueAtRest(work, { soonest: now + config.timing.rewakeMs }));
  const { abort } = closing;
  return {
    kind: "noted",
    status,
    abort,
    settled: work.settled,
    followers: liveFollowers(work),
    cursor: session.cursor,
  };
}

interface Closing {
  readonly leave: LeaveData;
  readonly until: number;
  readonly by: CloseCommand["by"];
  isForced: boolean;
  abort: Extract<CloseReply, { kind: "noted" }>["abort"];
}

/** What closing takes, by obligation; an answer means that it stays open. */
const CLOSE: Readonly<Record<Obligation, (work: Work, closing: Closing) => CloseReply | null>> = {
  loop: (work, closing) => {
    const { hold } = work.session;
    if (hold === null) {
      return null;
    }
    const isBusy = isLive(hold, work);
    if (isBusy && !closing.isForced) return { kind: "open", until: closing.until };
    closing.isForced = true;
    const draft = leaveStep(work, "unregister.end_run", { hasRun: true, isBusy });
    const runId = draft?.report.abortedRunId;
    if (draft === null || draft.abortNode === null || runId === undefined) return null;
    closing.leave.abortedRunId = runId;
    closing.abort = { node: draft.abortNode, runId, reason: "stopped" };
    return null;
  },
  drain: (work, closing) => {
    const { by, until } = closing;
    if (liveHolder(work) === null) closing.isForced = by === "force";
    // Whoever drains is told when it renews its lease.
    else if (closing.isForced) work.session.drain.holder = null;
    else if (by === "check") return { kind: "open", until };
    return null;
  },
  waiters: (work, closing) => {
    const { session } = work;
    closing.isForced = closing.by === "force";
    if (openOf(closing.leave).length > 1) return { kind: "open", until: closing.until };
    const hasInputs = pendingCount(work) > 0;
    if (hasInputs || hasRegistry(work)) {
      const draft = leaveStep(work, "unregister.end_work", { hasRun: session.hold !== null });
      const inputs = draft?.report.inputsAbandoned ?? 0;
      closing.leave.inputsAbandoned += inputs;
      if (hasInputs) emit(work, { type: "session.work_abandoned", inputs });
    }
    if (!hasChores(work)) return null;
    return { kind: "chores", settled: work.settled, followers: liveFollowers(work), cursor: session.cursor };
  },
};

/** Whether somebody opened the registry of operations in its current life. */
function hasRegistry({ session }: Work): boolean {
  return session.registry !== null && session.registry.epochId !== null;
}

function commit(context: MemoryContext, ref: SessionRef): CommitReply {
  const work = openSession(context, ref);
  const leave = work === null ? null : leaveOf(work);
  if (work === null || leave === null) return { kind: "ignored" };
  const { session } = work;
  const obligations = openOf(leave);
  if (obligations.length > 0) return { kind: "open", obligations };
  const hasRun = session.hold !== null;
  // Begun after everything else had ended: nothing of the session may go on without it.
  if (hasRegistry(work)) leaveStep(work, "unregister.end_work", { hasRun });
  if (hasChores(work)) return { kind: "chores" };
  if (leaveStep(work, "unregister.commit", { hasRun, areObligationsClosed: true }) === null) {
    return { kind: "open", obligations: ["loop"] };
  }
  emit(work, { type: "session.unregistered" });
  session.leave = null;
  session.schedules = { version: 0, rows: "" };
  session.unregistered.set(leave.requestId, leave);
  keepRequest(session, "unregistered", leave.requestId);
  session.isAway = true;
  planLook(work.data, session.member, work.now);
  return { kind: "removed", report: reportOf(leave), followers: liveFollowers(work), cursor: session.cursor };
}
