import { type NodeId, OPERATION_LEASE_MS, type OperationId, SCRIPT_BATCH } from "@holdfast/contracts";
import { OPERATION_TABLE } from "@holdfast/domain";
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
  WakeHint,
  WatchOperationCommand,
  WatchOperationReply,
} from "@holdfast/runtime";
import { stepSession } from "../session/transitions.ts";
import { type MemoryContext, openSession, type Work, warmNodeOf } from "../session/work.ts";
import { hastenResumed } from "./awaiting-runs.ts";
import {
  forget,
  hastenOwed,
  isStripped,
  moveOperation,
  parseOutcome,
  strip,
  stripLapsed,
  trim,
} from "./move-operation.ts";
import type { OperationData } from "./registry-data.ts";
import {
  changeOf,
  disown,
  dropIdleOwners,
  endWait,
  findRegistryWork,
  hasLapsed,
  openRegistry,
  own,
  type RegistryWork,
  snapshotOf,
} from "./registry-work.ts";
import { waitAll } from "./wait-all.ts";

const MOST_REQUESTS = 8;
/** Most that the list of processes waiting for one operation may take up. */
const MAX_WATCHER_BYTES = 2_000;
const ENDED = { kind: "ended" } as const;

/** The registry of background operations in process. */
export function createMemoryOperations(context: MemoryContext): Operations {
  return {
    open: async (command) => open(context, command),
    register: async (command) => register(context, command),
    move: async (command) => move(context, command),
    terminate: async (command) => terminate(context, command),
    watch: async (command) => watch(context, command),
    waitAll: async (command) => waitAll(context, command),
    collect: async (ref, through) => collect(context, ref, through),
    advanceCursor: async (ref, agentApplied) => advanceCursor(context, ref, agentApplied),
  };
}

function open(context: MemoryContext, command: OpenOperationsCommand): OpenOperationsReply {
  const work = openSession(context, command.ref);
  if (work === null) return { kind: "missing" };
  const { phase } = work.session;
  if (stepSession(phase, "operations.open") === null) return { kind: "refused", phase };
  const step = openRegistry(work);
  const { registry, life } = step;
  registry.epochId ??= command.epochId;
  // Before this process is heard of: what it left behind itself is still its own.
  const owner = registry.owners.find(({ node }) => node === command.node);
  if (owner !== undefined) owner.until = work.now + OPERATION_LEASE_MS;
  if (registry.wait !== null && registry.wait.until <= work.now) endWait(step);
  let nextSlot = 0;
  if (hasLapsed(step)) nextSlot = stripLapsed(step, command.fromSlot > 0 ? command.fromSlot : life.active.length);
  const { epochId, watermark, cursors } = registry;
  nextSlot = hasLapsed(step) ? nextSlot : 0;
  dropIdleOwners(step);
  const owned = owner?.count ?? 0;
  return { kind: "open", epochId, watermark, cursors: { ...cursors }, nextSlot, owned, change: changeOf(step) };
}

function register(context: MemoryContext, command: RegisterOperationCommand): RegisterOperationReply {
  const step = findRegistryWork(context, command);
  if (step === null) return ENDED;
  const { registry, life, work } = step;
  const known = life.operations.get(command.operationId);
  if (known?.requests.includes(command.requestId) === true) return registered(step, known);
  if (known !== undefined) return { kind: "known", status: known.status };
  const { phase, settings } = work.session;
  if (stepSession(phase, "operations.open") === null) return { kind: "refused", phase };
  const limit = settings.operations?.maxConcurrent ?? Number.POSITIVE_INFINITY;
  if (life.active.length >= limit && hasLapsed(step)) {
    // Only with what takes its place: a refusal writes nothing.
    const { active } = stripped(step);
    if (active >= limit) return { kind: "limit", limit, active };
    stripLapsed(step, life.active.length);
  }
  if (life.active.length >= limit) return { kind: "limit", limit, active: life.active.length };
  registry.registered += 1;
  const operation = newOperation(step, command);
  own(step, command.node, OPERATION_LEASE_MS);
  life.active.push(command.operationId);
  life.operations.set(command.operationId, operation);
  dropIdleOwners(step);
  return registered(step, operation);
}

/** How many would be in progress without those that processes left behind. */
function stripped(step: RegistryWork): { readonly active: number } {
  const { active, operations } = step.life;
  const left = active.slice(-SCRIPT_BATCH).filter((id) => isStripped(step, operations.get(id) as OperationData));
  return { active: active.length - left.length };
}

function registered(step: RegistryWork, operation: OperationData): RegisterOperationReply {
  return {
    kind: "registered",
    operation: snapshotOf(operation, step.life, step.work.now),
    change: changeOf(step),
  };
}

function newOperation({ registry, work }: RegistryWork, command: RegisterOperationCommand): OperationData {
  const { operationId, requestId, node, spec } = command;
  return {
    operationId,
    status: OPERATION_TABLE.initial as OperationData["status"],
    kind: spec.kind,
    displayName: spec.displayName,
    childSessionId: spec.childSessionId ?? null,
    peerHandle: null,
    isPeerReady: false,
    progressCount: 0,
    owner: node,
    watchers: [],
    waitId: null,
    requests: [requestId],
    number: registry.registered,
    seq: 0,
    createdAt: work.now,
    startedAt: 0,
    completedAt: 0,
    runs: [],
  };
}

function move(context: MemoryContext, command: MoveOperationCommand): MoveOperationReply {
  const step = findRegistryWork(context, command);
  if (step === null) return ENDED;
  const { life, work } = step;
  const operation = life.operations.get(command.operationId);
  if (operation === undefined) return { kind: "unknown" };
  const answer = (isOwing: boolean, isWoken = false): MoveOperationReply => {
    const snapshot = snapshotOf(operation, life, work.now);
    return { kind: "moved", operation: snapshot, isOwing, wake: wakeOf(work, isWoken), change: changeOf(step) };
  };
  const { action, outcome, peerHandle, node } = command;
  if (operation.requests.includes(command.requestId)) return answer(false);
  const isTaken = command.takesOwnership && operation.owner !== node;
  if (!moveOperation(step, operation, { action, said: { outcome, peerHandle } })) {
    return isSaidAgain(step, operation, outcome) ? answer(false) : refusal(operation);
  }
  if (isTaken) takeOver(step, operation, node);
  operation.requests = [command.requestId, ...operation.requests].slice(0, MOST_REQUESTS);
  if (operation.seq > 0) trim(step);
  dropIdleOwners(step);
  const isWoken = hastenResumed(step);
  return answer(operation.seq > 0 && hastenOwed(work), isWoken);
}

/** Whom to wake for a run that goes on. */
function wakeOf(work: Work, isWoken: boolean): WakeHint {
  const { epoch, executor } = work.session;
  return { signal: isWoken ? "wake" : "none", epoch: isWoken ? epoch : 0, node: warmNodeOf(work), executor };
}

/** Whoever reports of an operation carries it on; one that ended with the report is in progress nowhere. */
function takeOver(step: RegistryWork, operation: OperationData, node: NodeId): void {
  const hasEnded = operation.seq > 0;
  if (!hasEnded) disown(step, operation);
  operation.owner = node;
  own(step, node, OPERATION_LEASE_MS);
  if (hasEnded) disown(step, operation);
}

function isSaidAgain({ life }: RegistryWork, { seq }: OperationData, outcome: string | null): boolean {
  return outcome !== null && life.completions.get(seq)?.outcome === outcome;
}

function refusal({ status, kind, isPeerReady }: OperationData): MoveOperationReply {
  return { kind: "refused", status, operationKind: kind, isPeerReady };
}

function terminate(context: MemoryContext, command: TerminateOperationsCommand): TerminateOperationsReply {
  const step = findRegistryWork(context, command);
  if (step === null) return ENDED;
  const { life, work } = step;
  const isIdle = life.active.length === 0;
  const till = Math.max(life.active.length - SCRIPT_BATCH, 0);
  for (let slot = life.active.length; slot > till; slot -= 1) {
    const operation = life.operations.get(life.active[slot - 1] as OperationId) as OperationData;
    moveOperation(step, operation, { action: "terminate", said: { outcome: command.outcome, peerHandle: null } });
  }
  if (!isIdle) trim(step);
  dropIdleOwners(step);
  const isWoken = hastenResumed(step);
  const isOwing = !isIdle && hastenOwed(work);
  const wake = wakeOf(work, isWoken);
  return { kind: "terminated", left: life.active.length, isOwing, wake, change: changeOf(step) };
}

function watch(context: MemoryContext, command: WatchOperationCommand): WatchOperationReply {
  const step = findRegistryWork(context, command);
  if (step === null) return ENDED;
  const operation = step.life.operations.get(command.operationId);
  if (operation === undefined) return { kind: "unknown" };
  const completion = step.life.completions.get(operation.seq);
  if (completion !== undefined) return { kind: "settled", outcome: parseOutcome(completion.outcome) };
  if (isStripped(step, operation)) {
    strip(step, operation);
    dropIdleOwners(step);
    return { kind: "stripped", change: changeOf(step) };
  }
  const { node, count } = command;
  const others = operation.watchers.filter((watcher) => watcher.node !== node);
  const room = operation.watchers.map((watcher) => `${watcher.node}:${watcher.count}`).join(",").length;
  operation.watchers = count > 0 && room < MAX_WATCHER_BYTES ? [...others, { node, count }] : others;
  return { kind: "watching", status: operation.status };
}

function collect(context: MemoryContext, ref: RegistryRef, wanted: number): CollectReply {
  const step = findRegistryWork(context, ref);
  if (step === null) return ENDED;
  const { registry, life } = step;
  const through = Math.min(wanted, registry.watermark);
  const from = registry.passedFrom > 0 ? registry.passedFrom : registry.evictFrom;
  if (from > through) return { kind: "collected", isDone: true };
  const till = Math.min(through, from + SCRIPT_BATCH - 1);
  for (let seq = from; seq <= till; seq += 1) {
    const operationId = life.kept.get(seq);
    if (operationId !== undefined) forget(step, seq, operationId);
  }
  // What was passed before this stretch is gone; what comes after it may be kept.
  registry.passedFrom = 0;
  registry.evictFrom = till + 1;
  return { kind: "collected", isDone: till === through };
}

function advanceCursor(context: MemoryContext, ref: RegistryRef, wanted: number): CursorsReply {
  const step = findRegistryWork(context, ref);
  if (step === null) return ENDED;
  const { registry } = step;
  // Nobody has come further than the feed goes.
  const agentApplied = Math.max(registry.cursors.agentApplied, Math.min(wanted, registry.watermark));
  registry.cursors = { ...registry.cursors, agentApplied };
  return { kind: "cursors", cursors: { ...registry.cursors } };
}
