/** Rows of the registry as the port tells them. */
import type {
  NodeId,
  OperationCompletion,
  OperationCursors,
  OperationId,
  OperationKind,
  OperationOutcome,
  OperationSnapshot,
  OperationStatus,
} from "@holdfast/contracts";
import type { RegistryChange, WakeHint } from "@holdfast/runtime";
import type { COMPLETION, OPERATION, Row } from "../layout/rows.ts";
import { decodeEnded, listOf, nodes, number, type Reply, text } from "../ledger/replies.ts";

/** What a snapshot needs beside the operation's row. */
export interface SnapshotContext {
  readonly operationId: OperationId;
  /** JSON of the outcome; empty while the operation is in progress. */
  readonly outcome: string;
  /** The store's time. */
  readonly now: number;
}

/** An operation as callers see it. */
export function toSnapshot(row: Row<typeof OPERATION>, { operationId, outcome, now }: SnapshotContext) {
  const snapshot: OperationSnapshot = {
    operationId,
    kind: row.kind as OperationKind,
    displayName: row.displayName,
    status: row.status as OperationStatus,
    owner: row.owner as NodeId,
    isPeerReady: row.isPeerReady,
    progressCount: row.progressCount,
    watcherCount: watcherCount(row.watchers),
    outcome: outcome === "" ? null : (JSON.parse(outcome) as OperationOutcome),
    childSessionId: row.childSessionId === "" ? null : row.childSessionId,
    peerHandle: row.peerHandle === "" ? null : (JSON.parse(row.peerHandle) as unknown),
    createdAt: row.createdAt,
    startedAt: timeOrNull(row.startedAt),
    completedAt: timeOrNull(row.completedAt),
    elapsedMs: (timeOrNull(row.completedAt) ?? now) - (timeOrNull(row.startedAt) ?? row.createdAt),
  };
  return snapshot;
}

function timeOrNull(at: number): number | null {
  return at === 0 ? null : at;
}

/** Watchers are stored as `node:count,…`. */
function watcherCount(watchers: string): number {
  return listOf(watchers).reduce((sum, entry) => sum + Number(entry.slice(entry.lastIndexOf(":") + 1)), 0);
}

/** A completion as the feed tells it. */
export function toCompletion(seq: number, row: Row<typeof COMPLETION>): OperationCompletion {
  return {
    seq,
    operationId: row.operationId as OperationId,
    kind: row.kind as OperationKind,
    displayName: row.displayName,
    outcome: JSON.parse(row.outcome) as OperationOutcome,
    completedAt: row.completedAt,
  };
}

/** What follows from a call for others: followers and cursor, then who must be told, from a place of its reply. */
export function decodeChange(reply: Reply, at: number): RegistryChange {
  const { ended, endedWait } = decodeEnded(reply, at + 2);
  return { ended, satisfied: endedWait, followers: nodes(reply, at), cursor: number(reply, at + 1) };
}

/** Epoch, warm node and executor from a place of a reply; without an epoch nobody is to be woken. */
export function decodeWake(reply: Reply, at: number): WakeHint {
  const [epoch, node, executor] = [text(reply, at), text(reply, at + 1), text(reply, at + 2)];
  return {
    signal: epoch === "" ? "none" : "wake",
    epoch: Number(epoch),
    node: node === "" ? null : (node as NodeId),
    executor: executor === "" ? null : executor,
  };
}

/** Three cursors from a place of a reply. */
export function decodeCursors(reply: Reply, at: number): OperationCursors {
  return {
    agentApplied: number(reply, at),
    runtimeObserved: number(reply, at + 1),
    runtimeLastInjected: number(reply, at + 2),
  };
}
