/** Creates a session, finds it, binds it, or revives a stopped one (D1, D2). */

import { type SessionPhase, type SessionRef, SessionSettings } from "@holdfast/contracts";
import type { RegisterCommand, RegisterReply } from "@holdfast/runtime";
import { inboxMember } from "../delivery/inbox.ts";
import { skipHistory } from "../operation/registry-work.ts";
import { dueAtRest, indexDue, isLeaving, unpark } from "./due.ts";
import { newSessionData } from "./new-session.ts";
import { addMember } from "./ordered.ts";
import { lookAtSchedules } from "./schedules.ts";
import { isFinal, perform, stepSession, type Transition } from "./transitions.ts";
import { openObligations } from "./unregistration.ts";
import { emit, type MemoryContext, memberOf, openAny, openSession, type Work } from "./work.ts";

/** Registers a session. */
export function register(context: MemoryContext, command: RegisterCommand): RegisterReply {
  const work = openAny(context, command.ref);
  if (work === null) return create(context, command);
  const { session } = work;
  const isNew = session.isAway;
  const { binding, settings, mayRevive } = command;
  const transition = stepSession(session.phase, binding === null ? "session.register" : "session.bind");
  const isRevival = transition !== null && transition.next !== session.phase;
  if (isRevival ? !mayRevive : transition === null && isRefused(work, command)) {
    return { kind: "refused", phase: session.phase, open: openObligations(work) };
  }
  if (isNew) {
    enter(work, command);
    wakeInbox(context, command.ref);
  }
  if (transition !== null && (isRevival || isRebound(work, command))) carryOut(work, command, transition);
  replaceSettings(session, settings);
  return { kind: isNew ? "created" : "existing", phase: session.phase, settingsRevision: session.settingsRevision };
}

/** Without new ones they stay, and so does their revision. */
function replaceSettings(session: Work["session"], settings: SessionSettings | null): void {
  if (settings === null) return;
  session.settings = settings;
  session.settingsRevision += 1;
}

/** In a phase that no registration changes: a session that is to be found only may be, unless it is gone or going. */
function isRefused(work: Work, { binding }: RegisterCommand): boolean {
  return binding !== null || isFinal("session", work.session.phase) || isLeaving(work);
}

/** A session that was unregistered goes on with its ledger (D8). */
function enter(work: Work, command: RegisterCommand): void {
  const { data, session } = work;
  session.isAway = false;
  addMember(data.listed, session.member);
  if (!isRebound(work, command)) emitRegistered(work, command);
}

function carryOut(work: Work, command: RegisterCommand, transition: Transition<SessionPhase>): void {
  const { session } = work;
  const isRevival = transition.next !== session.phase;
  if (isRevival) emit(work, { type: "session.revived", from: session.phase, to: transition.next });
  const before = session.phase;
  session.phase = transition.next;
  perform(transition.effects, REGISTER_EFFECTS, work, command);
  lookAtSchedules(work, before);
}

function isHeldBy({ binding }: RegisterCommand): boolean {
  return binding?.onFailure !== "defer";
}

function isRebound({ session }: Work, command: RegisterCommand): boolean {
  if (command.binding === null) return false;
  const { executor, versions = "" } = command.binding;
  return executor !== session.executor || versions !== session.versions || isHeldBy(command) !== session.isHeld;
}

function create(context: MemoryContext, command: RegisterCommand): RegisterReply {
  const { ref, binding, settings } = command;
  const data = context.data();
  const member = memberOf(ref);
  const session = newSessionData(
    { ref, member },
    {
      executor: binding?.executor ?? null,
      versions: binding?.versions ?? "",
      isHeld: isHeldBy(command),
      settings: settings ?? SessionSettings.parse({}),
    },
  );
  // Revision 0 stands for the default settings alone, which every sender knows without asking.
  if (settings !== null) session.settingsRevision = 1;
  data.sessions.set(member, session);
  addMember(data.listed, member);
  wakeInbox(context, ref);
  emitRegistered(openSession(context, ref) as Work, command);
  return { kind: "created", phase: session.phase, settingsRevision: session.settingsRevision };
}

function emitRegistered(work: Work, { binding }: RegisterCommand): void {
  emit(work, { type: "session.registered", ...(binding === null ? {} : { executor: binding.executor }) });
}

const REGISTER_EFFECTS = {
  bindExecutor: (work: Work, command: RegisterCommand) => {
    skipHistory(work);
    unpark(work);
    work.session.executor = command.binding?.executor ?? null;
    work.session.versions = command.binding?.versions ?? "";
    work.session.isHeld = isHeldBy(command);
    emit(work, { type: "session.bound", executor: command.binding?.executor ?? "" });
  },
  indexDue: (work: Work) => {
    const { session, now, config } = work;
    if (session.hold === null) indexDue(work, dueAtRest(work, { soonest: now + config.timing.rewakeMs }));
  },
};

/** Replaces the settings; answers the new revision, or `null` for an unknown session. */
export function configure(context: MemoryContext, ref: SessionRef, settings: SessionSettings): number | null {
  const session = openSession(context, ref)?.session;
  if (session === undefined) return null;
  replaceSettings(session, settings);
  return session.settingsRevision;
}

/** Deliveries that waited for the session wait no longer. */
function wakeInbox(context: MemoryContext, ref: SessionRef): void {
  const { due } = context.data();
  if (due.has(inboxMember(ref))) due.set(inboxMember(ref), context.now());
}
