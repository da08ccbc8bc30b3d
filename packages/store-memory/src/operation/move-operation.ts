/** Takes operations from one status to the next (O6). */
import { type OperationAction, type OperationId, type OperationOutcome, SCRIPT_BATCH } from "@holdfast/contracts";
import { DEFAULT_MAX_COMPLETED, feedCapacity, LOST_OUTCOME, OPERATION_KIND_RULES } from "@holdfast/domain";
import { hasChores, hastenDue, owesWake } from "../session/due.ts";
import { perform, stepOperation } from "../session/transitions.ts";
import { emit, type Work } from "../session/work.ts";
import { isAwaited } from "./awaiting-runs.ts";
import type { OperationData } from "./registry-data.ts";
import { disown, isLapsed, isWaited, leaveActive, type RegistryWork, tellEnded } from "./registry-work.ts";

/** What is said with an action. */
export interface Said {
  readonly outcome: string | null;
  readonly peerHandle: string | null;
}

/** Moves one operation; `false` when its machine refuses, and nothing changed. */
export function moveOperation(
  step: RegistryWork,
  operation: OperationData,
  { action, said }: { readonly action: OperationAction; readonly said: Said },
): boolean {
  const isPeerExpected = OPERATION_KIND_RULES[operation.kind].isPeerExpected;
  const facts = { isPeerExpected, isPeerReady: operation.isPeerReady };
  const transition = stepOperation(operation.status, `operation.${action}`, facts);
  if (transition === null) return false;
  operation.status = transition.next;
  perform(transition.effects, OPERATION_EFFECTS, step, operation, said);
  return true;
}

const OPERATION_EFFECTS = {
  markStarted: ({ work }: RegistryWork, operation: OperationData) => {
    operation.startedAt = work.now;
  },
  countProgress: (_: RegistryWork, operation: OperationData) => {
    operation.progressCount += 1;
  },
  markPeerReady: (_: RegistryWork, operation: OperationData, { peerHandle }: Said) => {
    operation.isPeerReady = true;
    operation.peerHandle = peerHandle;
  },
  recordCompletion: (step: RegistryWork, operation: OperationData, { outcome }: Said) => {
    const { registry, life, work } = step;
    const { operationId, kind, displayName } = operation;
    leaveActive(step, operationId);
    disown(step, operation);
    registry.watermark += 1;
    registry.retained += 1;
    const seq = registry.watermark;
    operation.seq = seq;
    operation.completedAt = work.now;
    life.completions.set(seq, { operationId, kind, displayName, outcome: outcome ?? "", completedAt: work.now });
    life.kept.set(seq, operationId);
    emit(work, { type: "operation.ended", operationId, kind, status: operation.status, seq });
    noteCompletion(step, operation, tellEnded(step, operation, outcome ?? ""));
  },
};

/**
 * The end of detached work is owed to the session, unless a run waited for it; of other work it is enough to have
 * looked.
 */
function noteCompletion(
  { registry, work: { session } }: RegistryWork,
  { kind }: OperationData,
  isAwaited: boolean,
): void {
  if (OPERATION_KIND_RULES[kind].isWaking && !isAwaited) {
    registry.wakingThrough = registry.watermark;
    session.isOwing = true;
  } else if (!session.isOwing && session.executor !== null) {
    registry.cursors = { ...registry.cursors, runtimeObserved: registry.watermark };
  }
}

/** Keeps the feed and the ended operations within their bounds; what is waited for stays. */
export function trim(step: RegistryWork): void {
  const { registry, life, work } = step;
  const maxCompleted = work.session.settings.operations?.maxCompleted ?? DEFAULT_MAX_COMPLETED;
  const capacity = feedCapacity({ maxCompleted });
  for (let n = 0; n < SCRIPT_BATCH && registry.watermark - registry.droppedThrough > capacity; n += 1) {
    registry.droppedThrough += 1;
    if (!life.kept.has(registry.droppedThrough)) life.completions.delete(registry.droppedThrough);
  }
  for (let n = 0; n < SCRIPT_BATCH; n += 1) {
    const seq = registry.evictFrom;
    if (registry.retained <= maxCompleted || seq > registry.watermark) break;
    evict(step, seq);
    registry.evictFrom = seq + 1;
  }
}

function evict(step: RegistryWork, seq: number): void {
  const { registry, life } = step;
  const operationId = life.kept.get(seq);
  if (operationId === undefined) return;
  if (!isWaited(step, life.operations.get(operationId) as OperationData)) forget(step, seq, operationId);
  else if (registry.passedFrom === 0) registry.passedFrom = seq;
}

/** Removes an ended operation; its completion stays in the feed. */
export function forget({ registry, life }: RegistryWork, seq: number, operationId: OperationId): void {
  life.operations.delete(operationId);
  life.kept.delete(seq);
  registry.retained -= 1;
  if (seq <= registry.droppedThrough) life.completions.delete(seq);
}

/** An operation whose process is gone leaves without a completion: nobody knows what became of it (O10). */
export function strip(step: RegistryWork, operation: OperationData): void {
  leaveActive(step, operation.operationId);
  disown(step, operation);
  tellEnded(step, operation, LOST_OUTCOME);
  step.life.operations.delete(operation.operationId);
}

/**
 * Whether an operation is left behind. One that a run waits for leaves when it is looked after, by whoever can see to
 * that run too.
 */
export function isStripped(step: RegistryWork, operation: OperationData): boolean {
  return isLapsed(step, operation.owner) && (step.isLooking || !isAwaited(step.work, operation));
}

/** Strips operations of processes that were not heard of, from a slot downwards; answers where to go on. */
export function stripLapsed(step: RegistryWork, from: number): number {
  const { life } = step;
  let slot = Math.min(from, life.active.length);
  const till = Math.max(slot - SCRIPT_BATCH, 0);
  for (; slot > till; slot -= 1) {
    const operation = life.operations.get(life.active[slot - 1] as OperationId) as OperationData;
    if (isStripped(step, operation)) strip(step, operation);
  }
  return slot;
}

/** A continuation is due now or soon, if somebody may run it. */
export function hastenOwed(work: Work): boolean {
  if (!owesWake(work) || hasChores(work)) return false;
  hastenDue(work, work.now + work.config.timing.sweepDelayMs);
  return true;
}

/** The outcome of a completion. */
export function parseOutcome(outcome: string): OperationOutcome {
  return JSON.parse(outcome) as OperationOutcome;
}
