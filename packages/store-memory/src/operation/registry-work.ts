/** One step on a session's registry: what it reads and changes, and who must be told. */
import type { EpochId, NodeId, OperationId, OperationSnapshot, SessionRef, WaitId } from "@holdfast/contracts";
import type { EndedNotice, RegistryChange } from "@holdfast/runtime";
import { liveFollowers, type MemoryContext, openSession, type Work } from "../session/work.ts";
import { type ResumingWork, resumeAwaiting } from "./awaiting-runs.ts";
import { type LifeData, newLife, newRegistry, type OperationData, type RegistryData } from "./registry-data.ts";

/** A registry in one atomic step. */
export interface RegistryWork extends ResumingWork {
  readonly registry: RegistryData;
  readonly life: LifeData;
  readonly ended: EndedNotice[];
  satisfied: { readonly waitId: WaitId; readonly node: NodeId } | null;
  /** Operations that runs wait for are stripped too. */
  readonly isLooking: boolean;
}

/** The registry of a session in one step, created if it is missing. */
export function openRegistry(work: Work, isLooking = false): RegistryWork {
  const { session } = work;
  session.registry ??= newRegistry(1);
  const { registry } = session;
  const life = lifeOf(work, registry.life);
  return { work, registry, life, ended: [], satisfied: null, isLooking, looked: 0, isResumed: false };
}

/** A life by its number; one that nobody used has nothing. */
export function lifeOf({ session }: Work, number: number): LifeData {
  const life = session.lives.get(number) ?? newLife();
  session.lives.set(number, life);
  return life;
}

/** The registry of an epoch in one step; `null` when it is another, or none. */
export function findRegistryWork(
  context: MemoryContext,
  { ref, epochId }: { readonly ref: SessionRef; readonly epochId: EpochId },
): RegistryWork | null {
  const work = openSession(context, ref);
  if (work === null || work.session.registry?.epochId !== epochId) return null;
  return openRegistry(work);
}

/** The session is told of everything that has ended so far. */
export function noteTold(work: Work): void {
  const { registry } = openRegistry(work);
  const { watermark, cursors } = registry;
  registry.cursors = { ...cursors, runtimeObserved: watermark, runtimeLastInjected: watermark };
  registry.tellings += 1;
  work.session.isOwing = false;
}

/**
 * What ended before anybody ran the session is history: only what follows wakes it. A session that was run before is
 * told of what it has missed.
 */
export function skipHistory(work: Work): void {
  const { session } = work;
  if (!session.isOwing || session.executor !== null || session.registry === null) return;
  const { agentApplied, runtimeObserved, runtimeLastInjected } = session.registry.cursors;
  if (agentApplied + runtimeObserved + runtimeLastInjected === 0) noteTold(work);
}

/** Ends the registry's life. What was in progress is told and removed in chores. */
export function endRegistry(work: Work): void {
  const { session } = work;
  const { registry } = session;
  session.isOwing = false;
  if (registry === null) return;
  const { life, watermark, droppedThrough, evictFrom, passedFrom, wait } = registry;
  const from = Math.min(droppedThrough + 1, evictFrom, passedFrom > 0 ? passedFrom : evictFrom);
  const slots = lifeOf(work, life).active.length;
  if (slots > 0 || from <= watermark) {
    const ended = wait === null ? null : { waitId: wait.waitId, node: wait.node };
    session.chores.push({
      kind: "operations",
      generation: session.generation,
      life,
      slots,
      from,
      to: watermark,
      wait: ended,
    });
  }
  session.registry = newRegistry(life + 1);
}

/** What the step has to tell. */
export function changeOf({ work, ended, satisfied }: RegistryWork): RegistryChange {
  return { ended, satisfied, followers: liveFollowers(work), cursor: work.session.cursor };
}

/** An operation as callers see it. */
export function snapshotOf(operation: OperationData, life: LifeData, now: number): OperationSnapshot {
  const outcome = life.completions.get(operation.seq)?.outcome;
  const { startedAt, completedAt, createdAt } = operation;
  return {
    operationId: operation.operationId,
    kind: operation.kind,
    displayName: operation.displayName,
    status: operation.status,
    owner: operation.owner,
    isPeerReady: operation.isPeerReady,
    progressCount: operation.progressCount,
    watcherCount: operation.watchers.reduce((sum, { count }) => sum + count, 0),
    outcome: outcome === undefined ? null : (JSON.parse(outcome) as OperationSnapshot["outcome"]),
    childSessionId: operation.childSessionId,
    peerHandle: operation.peerHandle === null ? null : (JSON.parse(operation.peerHandle) as unknown),
    createdAt,
    startedAt: startedAt === 0 ? null : startedAt,
    completedAt: completedAt === 0 ? null : completedAt,
    elapsedMs: (completedAt === 0 ? now : completedAt) - (startedAt === 0 ? createdAt : startedAt),
  };
}

/** Until when a process counts as heard of is over, or it has nothing here. */
export function isLapsed({ registry, work }: RegistryWork, node: NodeId): boolean {
  const owner = registry.owners.find((candidate) => candidate.node === node);
  return owner === undefined || owner.until <= work.now;
}

/** Whether some process left operations behind. */
export function hasLapsed({ registry, work }: RegistryWork): boolean {
  return registry.owners.some(({ count, until }) => count > 0 && until <= work.now);
}

/** A process has one more operation in progress, and is heard of. */
export function own({ registry, work }: RegistryWork, node: NodeId, leaseMs: number): void {
  let owner = registry.owners.find((candidate) => candidate.node === node);
  if (owner === undefined) {
    owner = { node, until: 0, count: 0 };
    registry.owners.push(owner);
  }
  owner.until = work.now + leaseMs;
  owner.count += 1;
}

/** A process has one operation less in progress. */
export function disown({ registry }: RegistryWork, operation: OperationData): void {
  const owner = registry.owners.find(({ node }) => node === operation.owner);
  if (owner !== undefined) owner.count -= 1;
}

/** Owners without operations are not kept: to be called at the end of every step that moved one. */
export function dropIdleOwners({ registry }: RegistryWork): void {
  registry.owners = registry.owners.filter(({ count }) => count > 0);
}

/** An operation is in progress no longer; the last takes its place. */
export function leaveActive({ life }: RegistryWork, operationId: OperationId): void {
  const at = life.active.indexOf(operationId);
  const last = life.active.pop() as OperationId;
  if (last !== operationId) life.active[at] = last;
}

/** The wait is over: what was passed for it is evicted like any other. */
export function endWait({ registry }: RegistryWork): void {
  registry.wait = null;
  if (registry.passedFrom === 0) return;
  registry.evictFrom = registry.passedFrom;
  registry.passedFrom = 0;
}

/** Whether the active wait names the operation. */
export function isWaited({ registry }: RegistryWork, operation: OperationData): boolean {
  return registry.wait !== null && operation.waitId === registry.wait.waitId;
}

/**
 * An operation ended: whoever waits for it is told, and for all of them if it was the last. Answers whether a run
 * waited.
 */
export function tellEnded(step: RegistryWork, operation: OperationData, outcome: string): boolean {
  const isAwaited = resumeAwaiting(step, operation, outcome);
  tellWaiting(step, operation);
  return isAwaited;
}

function tellWaiting(step: RegistryWork, operation: OperationData): void {
  const nodes = operation.watchers.map(({ node }) => node);
  step.ended.push({ operationId: operation.operationId, nodes });
  operation.watchers = [];
  const { wait } = step.registry;
  if (wait === null || !isWaited(step, operation)) return;
  wait.left -= 1;
  if (wait.left > 0 || wait.seen < wait.total) return;
  step.satisfied = { waitId: wait.waitId, node: wait.node };
  endWait(step);
}
