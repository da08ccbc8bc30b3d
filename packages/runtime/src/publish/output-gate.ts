/**
 * The one way out: whatever tells the world that something was committed goes
 * through here, after the store acknowledged it at its level.
 */
import type { NodeId, OperationOutcome, RunId, SessionRef } from "@holdfast/contracts";
import type { SettledInput } from "../ports/ledger.ts";
import type { NodeMessage } from "../ports/notifier.ts";
import type { EndedNotice, RegistryChange } from "../ports/operations.ts";
import type { Tell } from "./tell.ts";

/** A committed change that somebody may wait for. */
export interface CommittedChange {
  readonly ref: SessionRef;
  readonly settled: readonly SettledInput[];
  readonly followers: readonly NodeId[];
  readonly cursor: number;
  /** Operations that ended with it, and how; the outcome is absent when whoever waits must read it. */
  readonly ended?: readonly (EndedNotice & { readonly outcome?: OperationOutcome })[];
  /** The wait for several operations that is over with it. */
  readonly endedWait?: RegistryChange["satisfied"];
}

/** Chunks that somebody may read. */
export interface StreamedChange {
  readonly ref: SessionRef;
  readonly streamedRunId: RunId;
  readonly followers: readonly NodeId[];
}

/** Publishes a committed change. */
export type OutputGate = (change: CommittedChange | StreamedChange) => void;

/** An outcome longer than this travels as a hint only; the waiter reads it from the ledger. */
const MAX_OUTCOME_CHARACTERS = 8_192;

/** A gate that tells every process that asked. */
export function createOutputGate(tell: Tell): OutputGate {
  return (change) => {
    if ("streamedRunId" in change) {
      const { ref, streamedRunId: runId } = change;
      for (const node of change.followers) tell(node, { type: "stream.changed", ref, runId });
      return;
    }
    const { ref, settled, followers, cursor } = change;
    for (const { inputId, outcome, nodes } of settled) {
      if (nodes.length === 0) continue;
      const isSmall = outcome.kind !== "completed" || JSON.stringify(outcome.output).length <= MAX_OUTCOME_CHARACTERS;
      const message: NodeMessage = { type: "input.settled", ref, inputId, ...(isSmall ? { outcome } : {}) };
      for (const node of nodes) tell(node, message);
    }
    tellOfOperations(tell, change);
    for (const node of followers) tell(node, { type: "session.changed", ref, cursor });
  };
}

function tellOfOperations(tell: Tell, { ref, ended = [], endedWait = null }: CommittedChange): void {
  for (const { operationId, nodes, outcome } of ended) {
    const isSmall = outcome !== undefined && JSON.stringify(outcome).length <= MAX_OUTCOME_CHARACTERS;
    const message: NodeMessage = { type: "operation.ended", ref, operationId, ...(isSmall ? { outcome } : {}) };
    for (const node of nodes) tell(node, message);
  }
  if (endedWait !== null) tell(endedWait.node, { type: "operation.wait_over", ref, waitId: endedWait.waitId });
}
