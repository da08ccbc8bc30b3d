import { AppError, type NodeId, type SessionPhase, type SessionRef } from "@holdfast/contracts";
import type {
  ClaimDrainSlot,
  ClaimDrainSlotReply,
  DrainSlot,
  DrainSlots,
  ReleaseDrainSlot,
  ReleaseDrainSlotReply,
} from "@holdfast/runtime";
import type { ScriptRunner } from "../connection/script-runner.ts";
import type { Keyspace } from "../layout/keys.ts";
import { asReply, number, type Reply, tagOf, text, unexpected } from "../ledger/replies.ts";

interface DrainSlotsOptions {
  readonly scripts: ScriptRunner;
  readonly keys: Keyspace;
}

/** Drain slots on Redis: one field of the session. */
export function createRedisDrainSlots(options: DrainSlotsOptions): DrainSlots {
  return {
    find: (ref) => find(options, ref),
    keepAlive: (ref, isKeepAlive) => keepAlive(options, ref, isKeepAlive),
    claim: (command) => claim(options, command),
    release: (command) => release(options, command),
  };
}

async function find({ scripts, keys }: DrainSlotsOptions, ref: SessionRef): Promise<DrainSlot | null> {
  const reply = asReply(await scripts.run("find-drain", keys.session(ref).list, {}));
  assertWhole(reply);
  return tagOf(reply) === "found" ? slotOf(reply) : null;
}

async function keepAlive(
  { scripts, keys }: DrainSlotsOptions,
  ref: SessionRef,
  isKeepAlive: boolean,
): Promise<DrainSlot | null> {
  const reply = asReply(await scripts.run("keep-alive", keys.session(ref).list, { isKeepAlive }));
  assertWhole(reply);
  return tagOf(reply) === "kept" ? slotOf(reply) : null;
}

async function claim(
  { scripts, keys }: DrainSlotsOptions,
  { ref, ...command }: ClaimDrainSlot,
): Promise<ClaimDrainSlotReply> {
  const reply = asReply(await scripts.run("claim-drain", keys.session(ref).list, command));
  assertWhole(reply);
  switch (tagOf(reply)) {
    case "held":
      return { kind: "held", slot: slotOf(reply) };
    case "taken":
      return { kind: "taken", slot: slotOf(reply) };
    case "dismissed":
      return { kind: "dismissed", slot: slotOf(reply) };
    case "missing":
      return { kind: "missing" };
    default:
      return unexpected("claim-drain", reply);
  }
}

async function release(
  { scripts, keys }: DrainSlotsOptions,
  { ref, drainId, isDismissal }: ReleaseDrainSlot,
): Promise<ReleaseDrainSlotReply> {
  const reply = asReply(await scripts.run("release-drain", keys.session(ref).list, { drainId, isDismissal }));
  assertWhole(reply);
  switch (tagOf(reply)) {
    case "released":
      return { kind: "released", generation: number(reply, 1) };
    case "lost":
      return { kind: "lost" };
    case "missing":
      return { kind: "missing" };
    default:
      return unexpected("release-drain", reply);
  }
}

function assertWhole(reply: Reply): void {
  if (tagOf(reply) === "torn") throw new AppError("session.torn");
}

function slotOf(reply: Reply): DrainSlot {
  const isSet = (index: number) => text(reply, index) === "1";
  const drainId = text(reply, 6);
  return {
    phase: text(reply, 1) as SessionPhase,
    generation: number(reply, 9),
    isBound: isSet(2),
    hasRun: isSet(3),
    isKeepAlive: isSet(4),
    isDismissed: isSet(5),
    holder: drainId === "" ? null : { drainId, node: text(reply, 7) as NodeId, remainingMs: number(reply, 8) },
  };
}
