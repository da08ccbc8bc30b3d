import {
  AppError,
  type EpochId,
  OPERATION_LEASE_MS,
  type OperationId,
  type OperationKind,
  type OperationOutcome,
  type OperationStatus,
  type SessionPhase,
  type Timing,
  type WaitId,
} from "@holdfast/contracts";
import type {
  CollectReply,
  CursorsReply,
  MoveOperationCommand,
  MoveOperationReply,
  OpenOperationsCommand,
  OpenOperationsReply,
  Operations,
  RegisterOperationCommand,
  RegisterOperationReply,
  RegistryRef,
  TerminateOperationsCommand,
  TerminateOperationsReply,
  WaitAllCommand,
  WaitAllReply,
  WatchOperationCommand,
  WatchOperationReply,
} from "@holdfast/runtime";
import type { ScriptRunner } from "../connection/script-runner.ts";
import type { ScriptArguments, ScriptConstants, ScriptName } from "../generated/scripts.ts";
import { encodeId, type Keyspace } from "../layout/keys.ts";
import { OPERATION, rowOf } from "../layout/rows.ts";
import { asReply, number, type Reply, tagOf, text, unexpected } from "../ledger/replies.ts";
import { decodeChange, decodeCursors, decodeWake, toSnapshot } from "./decode-operation.ts";

interface OperationsOptions {
  readonly scripts: ScriptRunner;
  readonly keys: Keyspace;
  readonly timing: Timing;
}

type PlainScript = Exclude<ScriptName, keyof ScriptConstants>;

/** The registry of background operations on Redis: fields of the session, one script per step. */
export function createRedisOperations(options: OperationsOptions): Operations {
  return {
    open: (command) => open(options, command),
    register: (command) => register(options, command),
    move: (command) => move(options, command),
    terminate: (command) => terminate(options, command),
    watch: (command) => watch(options, command),
    waitAll: (command) => waitAll(options, command),
    collect: (ref, through) => collect(options, ref, through),
    advanceCursor: (ref, agentApplied) => advanceCursor(options, ref, agentApplied),
  };
}

async function call<N extends PlainScript>(
  { scripts, keys }: OperationsOptions,
  name: N,
  { ref, ...values }: { readonly ref: RegistryRef["ref"] } & Omit<ScriptArguments[N], "member">,
): Promise<Reply> {
  const { member, list } = keys.session(ref);
  // None of these scripts takes constants, and what one does not take is not sent.
  const reply = asReply(
    await scripts.run<PlainScript>(name, list, { ...values, member } as unknown as ScriptArguments[N]),
  );
  if (tagOf(reply) === "torn") throw new AppError("session.torn");
  return reply;
}

/** A registry that is not there, for whatever reason; anything else the script may not answer. */
function goneOr(script: ScriptName, reply: Reply): { readonly kind: "ended" } {
  if (tagOf(reply) === "ended" || tagOf(reply) === "missing") return { kind: "ended" };
  return unexpected(script, reply);
}

async function open(options: OperationsOptions, command: OpenOperationsCommand): Promise<OpenOperationsReply> {
  const reply = await call(options, "open-operations", { ...command, leaseMs: OPERATION_LEASE_MS });
  switch (tagOf(reply)) {
    case "opened":
      return {
        kind: "open",
        epochId: text(reply, 1) as EpochId,
        watermark: number(reply, 2),
        cursors: decodeCursors(reply, 3),
        nextSlot: number(reply, 6),
        owned: number(reply, 7),
        change: decodeChange(reply, 8),
      };
    case "refused":
      return { kind: "refused", phase: text(reply, 1) as SessionPhase };
    case "missing":
      return { kind: "missing" };
    default:
      return unexpected("open-operations", reply);
  }
}

function snapshotOf(reply: Reply, operationId: OperationId, facts: { readonly outcome: string; readonly now: number }) {
  return toSnapshot(rowOf(OPERATION, asReply(reply[1])), { operationId, ...facts });
}

async function register(
  options: OperationsOptions,
  { spec, ...command }: RegisterOperationCommand,
): Promise<RegisterOperationReply> {
  const { childSessionId = "", kind, displayName } = spec;
  const requestId = encodeId(command.requestId);
  const values = { ...command, requestId, kind, displayName, childSessionId, leaseMs: OPERATION_LEASE_MS };
  const reply = await call(options, "register-operation", values);
  switch (tagOf(reply)) {
    case "registered": {
      const operation = snapshotOf(reply, command.operationId, { outcome: text(reply, 2), now: number(reply, 3) });
      return { kind: "registered", operation, change: decodeChange(reply, 4) };
    }
    case "known":
      return { kind: "known", status: text(reply, 1) as OperationStatus };
    case "limit":
      return { kind: "limit", limit: number(reply, 1), active: number(reply, 2) };
    case "refused":
      return { kind: "refused", phase: text(reply, 1) as SessionPhase };
    default:
      return goneOr("register-operation", reply);
  }
}

async function move(options: OperationsOptions, command: MoveOperationCommand): Promise<MoveOperationReply> {
  const reply = await call(options, "move-operation", {
    ...command,
    // Stored among others of its kind, so no text of a user may stand there.
    requestId: encodeId(command.requestId),
    outcome: command.outcome ?? "",
    peerHandle: command.peerHandle ?? "",
    leaseMs: OPERATION_LEASE_MS,
    sweepDelayMs: options.timing.sweepDelayMs,
  });
  switch (tagOf(reply)) {
    case "moved": {
      const operation = snapshotOf(reply, command.operationId, { outcome: text(reply, 2), now: number(reply, 3) });
      return {
        kind: "moved",
        operation,
        isOwing: text(reply, 4) === "1",
        wake: decodeWake(reply, 5),
        change: decodeChange(reply, 8),
      };
    }
    case "refused":
      return {
        kind: "refused",
        status: text(reply, 1) as OperationStatus,
        operationKind: text(reply, 2) as OperationKind,
        isPeerReady: text(reply, 3) === "1",
      };
    case "unknown":
      return { kind: "unknown" };
    default:
      return goneOr("move-operation", reply);
  }
}

async function terminate(
  options: OperationsOptions,
  command: TerminateOperationsCommand,
): Promise<TerminateOperationsReply> {
  const values = { ...command, sweepDelayMs: options.timing.sweepDelayMs };
  const reply = await call(options, "terminate-operations", values);
  if (tagOf(reply) !== "left") return goneOr("terminate-operations", reply);
  const isOwing = text(reply, 2) === "1";
  const wake = decodeWake(reply, 3);
  return { kind: "terminated", left: number(reply, 1), isOwing, wake, change: decodeChange(reply, 6) };
}

async function watch(options: OperationsOptions, command: WatchOperationCommand): Promise<WatchOperationReply> {
  const reply = await call(options, "watch-operation", command);
  switch (tagOf(reply)) {
    case "settled":
      return { kind: "settled", outcome: JSON.parse(text(reply, 1)) as OperationOutcome };
    case "watching":
      return { kind: "watching", status: text(reply, 1) as OperationStatus };
    case "stripped":
      return { kind: "stripped", change: decodeChange(reply, 1) };
    case "unknown":
      return { kind: "unknown" };
    default:
      return goneOr("watch-operation", reply);
  }
}

async function waitAll(options: OperationsOptions, command: WaitAllCommand): Promise<WaitAllReply> {
  const reply = await call(options, "await-operations", { ...command, leaseMs: OPERATION_LEASE_MS });
  switch (tagOf(reply)) {
    case "pending":
      return { kind: "waiting", left: number(reply, 1), change: decodeChange(reply, 2) };
    case "satisfied":
      return { kind: "satisfied", change: decodeChange(reply, 1) };
    case "active":
      return { kind: "active", waitId: text(reply, 1) as WaitId };
    case "unknown":
      return { kind: "unknown", operationId: text(reply, 1) as OperationId };
    case "dropped":
      return { kind: "cancelled" };
    case "over":
      return { kind: "over" };
    default:
      return goneOr("await-operations", reply);
  }
}

async function collect(options: OperationsOptions, ref: RegistryRef, through: number): Promise<CollectReply> {
  const reply = await call(options, "collect-operations", { ...ref, through });
  if (tagOf(reply) !== "collected") return goneOr("collect-operations", reply);
  return { kind: "collected", isDone: text(reply, 1) === "1" };
}

async function advanceCursor(options: OperationsOptions, ref: RegistryRef, agentApplied: number) {
  const reply = await call(options, "advance-cursor", { ...ref, agentApplied });
  if (tagOf(reply) !== "cursors") return goneOr("advance-cursor", reply);
  return { kind: "cursors", cursors: decodeCursors(reply, 1) } satisfies CursorsReply;
}
