/** The index that liveness rests on (L6): when somebody must look at a session. */

import { addMember, removeMember } from "./ordered.ts";
import { stepSession } from "./transitions.ts";
import { emit, type Work } from "./work.ts";

/** Whether a control verb or a settlement left work behind, or operations must be looked after. */
export function hasChores(work: Work): boolean {
  return work.session.chores.length > 0 || isLookDue(work);
}

/** Whether operations that runs wait for may have lost their processes. */
export function isLookDue({ session, now }: Work): boolean {
  return session.lookAt > 0 && session.lookAt <= now;
}

/** Whether the session could stage if it had work: its phase allows it and it is bound. */
export function mayStage({ session }: Work): boolean {
  if (session.executor === null) return false;
  return stepSession(session.phase, "run.stage", { hasRun: false, isBound: true }) !== null;
}

/** Whether the session must be told of detached work that ended, and can be: nothing else is to be done. */
export function owesWake(work: Work): boolean {
  const { isOwing, hold, queued, phase } = work.session;
  if (!isOwing || hold !== null || queued > 0 || !mayStage(work)) return false;
  return stepSession(phase, "input.admit") !== null;
}

/** Whether the session is on its way out: its phase can be left by removing it. */
export function isLeaving({ session }: Work): boolean {
  return stepSession(session.phase, "unregister.commit", { hasRun: false, areObligationsClosed: true }) !== null;
}

/** When a lane that is blocked goes on, and what counts as at once. */
export interface Horizon {
  /** Due time of what could be tried at once. */
  readonly soonest: number;
  readonly blockedUntil?: number | null;
}

function nextWorkAt(work: Work, { soonest, blockedUntil }: Horizon): number | null {
  const { session } = work;
  let at = session.waking + session.continued > 0 ? (blockedUntil ?? soonest) : null;
  if (at === null && owesWake(work)) at = soonest;
  const first = session.later[0];
  if (session.scheduled + session.timers > 0 && first !== undefined) at = Math.min(at ?? first.at, first.at);
  return at;
}

/**
 * A session at rest: due at once for chores, soon while somebody must see to its removal, at its next work if some
 * executor may take it.
 */
export function dueAtRest(work: Work, horizon: Horizon): number | null {
  if (hasChores(work)) return work.now;
  if (isLeaving(work)) return horizon.soonest;
  const { lookAt } = work.session;
  const at = mayStage(work) ? nextWorkAt(work, horizon) : null;
  return earliest(earliest(at, lookAt > 0 ? lookAt : null), nextExpiry(work));
}

/** When the next input expires: that needs no executor. */
export function nextExpiry({ session }: Work): number | null {
  return session.expiring === 0 ? null : (session.expiries[0]?.at ?? null);
}

/** The earlier of two times, either of which may be missing. */
export function earliest(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.min(one, other);
}

/** Sets or removes the due time. */
export function indexDue({ data, session }: Work, at: number | null): void {
  if (at === null) data.due.delete(session.member);
  else data.due.set(session.member, at);
}

/** Moves the due time forward only. */
export function hastenDue({ data, session }: Work, at: number): void {
  const current = data.due.get(session.member);
  if (current === undefined || at < current) data.due.set(session.member, at);
}

/** Lets go of a session: no lease at rest, a fresh epoch, and a finite due time while work is left. */
export function release(work: Work, blockedUntil: number | null): number | null {
  const { session, now, config } = work;
  session.hold = null;
  session.epoch += 1;
  const at = dueAtRest(work, { soonest: now + config.timing.rewakeMs, blockedUntil });
  indexDue(work, at);
  return at;
}

/** Lists the session as waiting for its executor, and says so once. */
export function park(work: Work): void {
  const { data, session } = work;
  const { executor, versions } = session as { executor: string; versions: string };
  if (!session.isUnhosted) {
    emit(work, { type: "runtime.unhosted", executor, ...(versions === "" ? {} : { versions }) });
  }
  const members = data.unhosted.get(executor) ?? [];
  data.unhosted.set(executor, members);
  addMember(members, session.member);
  session.isUnhosted = true;
}

/** Takes the session off the list of those that wait for an executor. */
export function unpark({ data, session }: Work): void {
  if (!session.isUnhosted) return;
  removeMember(data.unhosted.get(session.executor as string) ?? [], session.member);
  session.isUnhosted = false;
}
