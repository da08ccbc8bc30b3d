/** Takes a session at rest, or one whose holder is dead, and stages its next batch (L3). */
import type { ClaimCommand, ClaimReply, StateReply } from "@holdfast/runtime";
import { dropPassing } from "../control/drop-passing.ts";
import { areTooMany, expire, ripeExpiries } from "../input/expire.ts";
import { loseAttempt } from "../run/attempt.ts";
import { hosting, limitsOf, promote, type Selection, selectBatch } from "../run/select.ts";
import { stageBatch, stagedBatch } from "../run/stage.ts";
import {
  earliest,
  hasChores,
  indexDue,
  isLeaving,
  mayStage,
  nextExpiry,
  owesWake,
  park,
  release,
  unpark,
} from "../session/due.ts";
import type { HoldData, SessionData } from "../session/session-data.ts";
import { perform, stepSession } from "../session/transitions.ts";
import { isLive, liveFollowers, type MemoryContext, openSession, type Work } from "../session/work.ts";

/** Claims a session. */
export function claim(context: MemoryContext, command: ClaimCommand): ClaimReply {
  const work = openSession(context, command.ref);
  if (work === null) return { kind: "missing" };
  const { session } = work;
  const { hold } = session;
  if (hold !== null && hold.claimId === command.claimId) return answerStaged(work, hold, command);
  if (isLive(hold, work)) return { kind: "busy", leaseUntil: hold.leaseUntil };
  // One that is on its way out is taken by nobody: who removes it sees to a dead holder too.
  if (isOver(session, command) || isLeaving(work)) return answerIdle(work, work.data.due.get(session.member) ?? null);
  const ripe = ripeExpiries(work);
  if (hasChores(work) || areTooMany(ripe)) return { kind: "chores" };
  const refused = refuseUnhosted(work, command);
  if (refused !== null) return refused;
  unpark(work);
  expire(work, ripe);
  buryDeadHolder(work);
  return stageOrRest(work, command);
}

/** Nobody here may run it, or has said so: whoever announces the executor makes it due again. */
function refuseUnhosted(work: Work, { offer }: ClaimCommand): ClaimReply | null {
  const { session, now, config } = work;
  const { executor, versions } = session;
  if (executor === null) return null;
  const hosted = hosting(session, offer);
  if (hosted === "yes") return null;
  if (hosted === "undecided") return { kind: "undecided", executor, versions };
  indexDue(work, earliest(now + config.timing.unhostedMs, nextExpiry(work)));
  park(work);
  return { kind: "not_hosted", executor, versions, followers: liveFollowers(work), cursor: session.cursor };
}

/** A repeat that arrives after its hold ended; staging once more under its ids would mix two holds. */
function isOver({ runs, last }: SessionData, { claimId, offer }: ClaimCommand): boolean {
  return runs.has(offer.newRunId) || last?.claimId === claimId;
}

function answerIdle(work: Work, dueAt: number | null, isOwing = false): ClaimReply {
  const { session, settled } = work;
  return { kind: "idle", dueAt, isOwing, settled, followers: liveFollowers(work), cursor: session.cursor };
}

/** The attempt of a dead holder ends before anything new is staged, and so does what need not survive it (C6). */
function buryDeadHolder(work: Work): void {
  const { session } = work;
  const { hold } = session;
  if (hold === null) return;
  const transition = stepSession(session.phase, "run.settle", { hasRun: true });
  if (transition === null) throw new TypeError(`session ${session.member} is ${session.phase} and holds a run`);
  session.hold = null;
  perform(transition.effects, {
    clearRun: () => loseAttempt(work, hold),
    indexDue: () => {}, // The claim indexes what it leaves.
  });
  dropPassing(work);
}

function stageOrRest(work: Work, command: ClaimCommand): ClaimReply {
  const { session, config } = work;
  const { batch, blockedUntil } = select(work, command);
  if (batch === null) {
    const dueAt = release(work, blockedUntil);
    return answerIdle(work, dueAt, owesWake(work));
  }
  const hold = stageBatch(work, batch, command);
  session.epoch += 1;
  session.sweeps = 0;
  indexDue(work, hold.leaseUntil + config.timing.graceMs);
  return answerStaged(work, hold, command);
}

function select(work: Work, { offer }: ClaimCommand): Selection {
  if (!mayStage(work) || hasChores(work)) return { batch: null, blockedUntil: null };
  promote(work);
  return selectBatch(work, limitsOf(work, offer));
}

function answerStaged(work: Work, hold: HoldData, { cachedDigest }: ClaimCommand): ClaimReply {
  const { session } = work;
  const isCached = cachedDigest !== null && cachedDigest === session.digest;
  const state: StateReply = isCached ? { kind: "cached" } : { kind: "stored", state: session.state };
  return {
    kind: "staged",
    batch: stagedBatch(work, hold),
    state,
    settled: work.settled,
    followers: liveFollowers(work),
    cursor: session.cursor,
  };
}
