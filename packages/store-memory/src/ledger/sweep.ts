/** Leases, overdue sessions and who waits for an outcome. */
import type { SessionRef } from "@holdfast/contracts";
import type { DueRef, DueReply, Hold, RenewReply, WatchCommand, WatchReply } from "@holdfast/runtime";
import { BLOBS_SUFFIX } from "../blobs/plan-look.ts";
import { ripeExpiries } from "../input/expire.ts";
import { outcomeOfInput, statusOf } from "../input/input.ts";
import { dueAtRest, hasChores, indexDue, isLeaving, owesWake } from "../session/due.ts";
import { SCHEDULES_SUFFIX } from "../session/schedules.ts";
import type { SessionData } from "../session/session-data.ts";
import { isLive, type MemoryContext, openAny, openSession, refOf, type Work, warmNodeOf } from "../session/work.ts";

/** Extends one hold. An ended lease that nobody took is extended all the same: whoever takes it changes the claim id. */
export function renew(context: MemoryContext, { ref, claimId }: Hold): RenewReply {
  const work = openSession(context, ref);
  const hold = work?.session.hold ?? null;
  if (work === null || hold === null || hold.claimId !== claimId) return { kind: "lost" };
  const { timing } = work.config;
  hold.leaseUntil = work.now + timing.leaseMs;
  hold.leaseMs = timing.leaseMs;
  const dueAt = hold.leaseUntil + timing.graceMs;
  indexDue(work, hold.lookAt > 0 ? Math.min(dueAt, hold.lookAt) : dueAt);
  const { runId, cancelMode: mode } = hold;
  const cancel = mode === null ? null : { runId, mode };
  return { kind: "renewed", cancel, isAttentionAsked: hold.isAttentionAsked };
}

/** Takes overdue sessions and moves each a sweep delay on: later, never gone, so that a sweeper may die here. */
export function sweep(context: MemoryContext, limit: number): readonly DueRef[] {
  const data = context.data();
  const now = context.now();
  const overdue = [...data.due].filter(([, at]) => at <= now).sort(byScore);
  return overdue.slice(0, limit).map(([member]) => {
    data.due.set(member, now + context.config.timing.sweepDelayMs);
    const inbox = data.inboxes.get(member);
    if (inbox !== undefined) return { ...inbox.ref, part: "inbox" };
    if (member.endsWith(SCHEDULES_SUFFIX)) return { ...refOf(member), part: "schedules" };
    if (member.endsWith(BLOBS_SUFFIX)) return { ...refOf(member), part: "blobs" };
    return (data.sessions.get(member) as SessionData).ref;
  });
}

function byScore([member, at]: [string, number], [otherMember, otherAt]: [string, number]): number {
  if (at !== otherAt) return at - otherAt;
  return member < otherMember ? -1 : 1;
}

/** What an overdue session needs; counts the sweep and moves the wake epoch. */
export function inspectDue(context: MemoryContext, ref: SessionRef): DueReply {
  const work = openSession(context, ref);
  if (work === null) return { kind: "nothing" };
  const { session, now, config } = work;
  const { hold } = session;
  if (isLeaving(work)) {
    indexDue(work, now + config.timing.sweepDelayMs);
    return { kind: "unregistering" };
  }
  if (isLive(hold, work)) {
    indexDue(work, hold.leaseUntil + config.timing.graceMs);
    return { kind: "nothing" };
  }
  if (hasChores(work) || ripeExpiries(work).length > 0) return { kind: "chores" };
  // A dead holder's session is looked at again until somebody claims it.
  const at = hold !== null ? now : dueAtRest(work, { soonest: now });
  if (at === null || at > now) {
    indexDue(work, at);
    return { kind: "nothing" };
  }
  if (owesWake(work)) {
    indexDue(work, now + config.timing.sweepDelayMs);
    return { kind: "owing" };
  }
  return wake(work);
}

function wake(work: Work): DueReply {
  const { session, now, config } = work;
  session.sweeps += 1;
  session.epoch += 1;
  indexDue(work, now + config.timing.sweepDelayMs);
  const { epoch, sweeps, executor } = session;
  return { kind: "wake", epoch, sweeps, executor: executor ?? "", node: warmNodeOf(work) };
}

/** Most that the list of processes waiting for one input may take up. */
const MAX_WATCHER_BYTES = 2_000;

/** How an input ended, or a note of who wants to be told. */
export function watch(context: MemoryContext, { ref, inputId, node }: WatchCommand): WatchReply {
  const work = openAny(context, ref);
  if (work === null) return { kind: "missing", phase: null };
  const { session } = work;
  const input = session.inputs.get(inputId);
  if (session.isAway) {
    const ended = input === undefined ? null : outcomeOfInput(session, input);
    return { kind: "missing", phase: null, ...(ended === null ? {} : { outcome: ended }) };
  }
  if (input === undefined) return { kind: "missing", phase: session.phase };
  const outcome = outcomeOfInput(session, input);
  if (outcome !== null) return { kind: "settled", outcome };
  const isNew = node !== null && !input.nodes.includes(node);
  if (isNew && input.nodes.join(",").length < MAX_WATCHER_BYTES) input.nodes = [...input.nodes, node];
  return { kind: "watching", status: statusOf(session, input) };
}
