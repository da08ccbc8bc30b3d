/** Settles the staged attempt and, in the same step, stages the next batch or lets go (L4, L5). */
import type { Ack } from "@holdfast/contracts";
import type { AdvanceCommand, AdvanceReply, NextStep, StagingOffer } from "@holdfast/runtime";
import { areTooMany, expire, ripeExpiries } from "../input/expire.ts";
import { getInput, settledInput } from "../input/input.ts";
import { isFenceOf } from "../run/run.ts";
import { hosting, limitsOf, promote, type Selection, selectBatch } from "../run/select.ts";
import { stageBatch, stagedBatch } from "../run/stage.ts";
import { hasChores, indexDue, mayStage, owesWake, release } from "../session/due.ts";
import type { HoldData, LastSettlement, SessionData } from "../session/session-data.ts";
import { perform, stepSession } from "../session/transitions.ts";
import { liveFollowers, type MemoryContext, openSession, type Work } from "../session/work.ts";
import { settle } from "./settle.ts";
import { retain } from "./trim.ts";

/** Advances a session. */
export function advance(context: MemoryContext, command: AdvanceCommand, ack: Ack): AdvanceReply {
  const work = openSession(context, command.ref);
  if (work === null) return { kind: "missing" };
  const { session } = work;
  const { hold, last } = session;
  if (last !== null && last.claimId === command.fence.claimId && last.boundaryId === boundaryIdOf(command)) {
    // Another result for the same boundary is somebody else's: never take it for one's own success.
    if (last.settlementDigest !== command.settlementDigest) return { kind: "fenced" };
    return answerRepeat(work, { command, last, ack });
  }
  // The lease itself is not compared: one that ended and that nobody took still commits.
  if (hold === null || !isFenceOf(hold, command.fence)) return { kind: "fenced" };
  if (!isExpected(session, hold, command)) return { kind: "conflict", position: session.position };
  const transition = stepSession(session.phase, "run.settle", { hasRun: true });
  if (transition === null) return { kind: "fenced" };
  session.hold = null;
  perform(transition.effects, {
    clearRun: () => settle(work, hold, command),
    indexDue: () => {}, // Staging or letting go, below, indexes the session.
  });
  session.phase = transition.next;
  retain(work);
  return answerCommitted(work, { command, next: stageOrLetGo(work, command), ack });
}

function boundaryIdOf({ fence, sequence, attempt }: AdvanceCommand): string {
  return `${fence.runId}.${sequence}.${fence.claimId}.${attempt}`;
}

function isExpected(session: SessionData, hold: HoldData, command: AdvanceCommand): boolean {
  return (
    session.position === command.expectedPosition &&
    session.digest === command.previousDigest &&
    hold.sequence === command.sequence &&
    hold.attempt === command.attempt &&
    areContributors(hold, command)
  );
}

/** A superseded run ends with what came before its successor; what joined it since is run next. */
function areContributors({ staged, isSteered }: HoldData, { contributors, settlement }: AdvanceCommand): boolean {
  const isSuperseded = settlement.kind === "superseded";
  if (isSuperseded && !isSteered) return false;
  const expected = isSuperseded ? [...contributors, settlement.by] : contributors;
  const found = isSuperseded ? staged.slice(0, expected.length) : staged;
  return found.join(",") === expected.join(",");
}

/** The same call again: the stored result, and the batch it staged if that is still the current one. */
function answerRepeat(
  work: Work,
  { command, last, ack }: { readonly command: AdvanceCommand; readonly last: LastSettlement; readonly ack: Ack },
): AdvanceReply {
  const { session } = work;
  // Whoever repeats after a long time finds what is kept: of what was trimmed nobody is told any more.
  const kept = last.ended.filter(({ inputId }) => session.inputs.has(inputId));
  const settled = kept.map(({ inputId, nodes }) => {
    return { ...settledInput(session, getInput(session, inputId)), nodes };
  });
  return {
    kind: "committed",
    isRepeat: true,
    position: last.position,
    committedAt: last.committedAt,
    settled,
    next: repeatNext(work, command, last),
    followers: liveFollowers(work),
    cursor: session.cursor,
    ack,
  };
}

function repeatNext(work: Work, command: AdvanceCommand, { nextToken }: LastSettlement): NextStep {
  const { data, session } = work;
  const { hold } = session;
  if (nextToken === 0) {
    const dueAt = data.due.get(session.member);
    if (dueAt !== undefined && owesWake(work)) return { kind: "owing", dueAt };
    return dueAt === undefined ? { kind: "idle", dueAt: null } : moreOf(work, dueAt);
  }
  const isCurrent = hold !== null && hold.token === nextToken && hold.claimId === command.fence.claimId;
  return isCurrent ? { kind: "staged", batch: stagedBatch(work, hold) } : { kind: "lost" };
}

function stageOrLetGo(work: Work, command: AdvanceCommand): NextStep {
  const { batch, blockedUntil } = selectNext(work, command.next);
  if (batch === null || command.next === null) return letGo(work, command, blockedUntil);
  const { node, fence, next } = command;
  const hold = stageBatch(work, batch, { offer: next, claimId: fence.claimId, node });
  indexDue(work, hold.leaseUntil + work.config.timing.graceMs);
  return { kind: "staged", batch: stagedBatch(work, hold) };
}

function selectNext(work: Work, offer: StagingOffer | null): Selection {
  const nothing: Selection = { batch: null, blockedUntil: null };
  if (!mayStage(work)) return nothing;
  // Without an offer a look at the lanes still tells until when they are blocked.
  if (offer === null) {
    return { ...nothing, blockedUntil: selectBatch(work, { maxInputs: 1, isBatching: false }).blockedUntil };
  }
  if (hasChores(work) || hosting(work.session, offer) !== "yes") return nothing;
  const ripe = ripeExpiries(work);
  if (areTooMany(ripe)) return nothing;
  expire(work, ripe);
  promote(work);
  return selectBatch(work, limitsOf(work, offer));
}

function letGo(work: Work, { node }: AdvanceCommand, blockedUntil: number | null): NextStep {
  const { session, now, config } = work;
  const dueAt = release(work, blockedUntil);
  session.warmNode = node;
  session.warmUntil = now + config.timing.warmMs;
  if (dueAt !== null && owesWake(work)) return { kind: "owing", dueAt };
  const isSoon = dueAt !== null && dueAt <= now + config.timing.rewakeMs;
  return isSoon ? moreOf(work, dueAt) : { kind: "idle", dueAt };
}

function moreOf({ session }: Work, dueAt: number): NextStep {
  return { kind: "more", epoch: session.epoch, dueAt, executor: session.executor ?? "" };
}

function answerCommitted(
  work: Work,
  { command, next, ack }: { readonly command: AdvanceCommand; readonly next: NextStep; readonly ack: Ack },
): AdvanceReply {
  const { session, now, settled } = work;
  session.last = {
    boundaryId: boundaryIdOf(command),
    claimId: command.fence.claimId,
    settlementDigest: command.settlementDigest,
    position: session.position,
    committedAt: now,
    cursor: session.cursor,
    nextToken: next.kind === "staged" ? next.batch.fence.token : 0,
    ended: settled.map(({ inputId, nodes }) => ({ inputId, nodes })),
  };
  return {
    kind: "committed",
    isRepeat: false,
    position: session.position,
    committedAt: now,
    settled,
    next,
    followers: liveFollowers(work),
    cursor: session.cursor,
    ack,
  };
}
