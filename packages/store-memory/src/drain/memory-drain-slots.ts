import type { SessionRef } from "@holdfast/contracts";
import { isLeaseLive } from "@holdfast/domain";
import type {
  ClaimDrainSlot,
  ClaimDrainSlotReply,
  DrainSlot,
  DrainSlots,
  ReleaseDrainSlot,
  ReleaseDrainSlotReply,
} from "@holdfast/runtime";
import { isLeaving } from "../session/due.ts";
import type { DrainData } from "../session/session-data.ts";
import { isFinal } from "../session/transitions.ts";
import { type MemoryContext, openSession, type Work } from "../session/work.ts";

/** Drain slots in process. */
export function createMemoryDrainSlots(context: MemoryContext): DrainSlots {
  return {
    find: async (ref) => {
      const work = openLiving(context, ref);
      return work === null ? null : slotOf(work);
    },
    keepAlive: async (ref, isKeepAlive) => keepAlive(context, ref, isKeepAlive),
    claim: async (command) => claim(context, command),
    release: async (command) => release(context, command),
  };
}

/** A destroyed session has no slot. */
function openLiving(context: MemoryContext, ref: SessionRef): Work | null {
  const work = openSession(context, ref);
  return work === null || isFinal("session", work.session.phase) ? null : work;
}

function keepAlive(context: MemoryContext, ref: SessionRef, isKeepAlive: boolean): DrainSlot | null {
  const work = openLiving(context, ref);
  if (work === null) return null;
  work.session.drain.isKeepAlive = isKeepAlive; // D45
  return slotOf(work);
}

function claim(context: MemoryContext, { ref, drainId, node, leaseMs }: ClaimDrainSlot): ClaimDrainSlotReply {
  const work = openLiving(context, ref);
  if (work === null) return { kind: "missing" };
  const { drain } = work.session;
  if (isDismissed(work)) return { kind: "dismissed", slot: slotOf(work) }; // D46
  // A session that is on its way out is drained by nobody new.
  if (isLeaving(work) && drain.holder?.drainId !== drainId) return { kind: "missing" };
  const holder = liveHolder(work);
  if (holder !== null && holder.drainId !== drainId) return { kind: "taken", slot: slotOf(work) }; // D44
  drain.holder = { drainId, node, leaseUntil: work.now + leaseMs, leaseMs };
  return { kind: "held", slot: slotOf(work) };
}

function release(context: MemoryContext, { ref, drainId, isDismissal }: ReleaseDrainSlot): ReleaseDrainSlotReply {
  const work = openLiving(context, ref);
  if (work === null) return { kind: "missing" };
  const { drain, generation } = work.session;
  if (drain.holder?.drainId !== drainId) return { kind: "lost" };
  drain.holder = null;
  if (isDismissal) drain.dismissedBefore = generation + 1;
  return { kind: "released", generation };
}

function slotOf(work: Work): DrainSlot {
  const { phase, generation, executor, hold, drain } = work.session;
  const holder = liveHolder(work);
  return {
    phase,
    generation,
    isBound: executor !== null,
    hasRun: hold !== null,
    isKeepAlive: drain.isKeepAlive,
    isDismissed: isDismissed(work),
    holder:
      holder === null
        ? null
        : { drainId: holder.drainId, node: holder.node, remainingMs: holder.leaseUntil - work.now },
  };
}

// A dismissal ends the session, which moves its generation: from then on it is over.
function isDismissed({ session }: Work): boolean {
  return session.generation < session.drain.dismissedBefore;
}

/** Who drains. */
export function liveHolder({ session, now }: Work): DrainData["holder"] {
  const { holder } = session.drain;
  return holder !== null && isLeaseLive(holder, now) ? holder : null;
}
