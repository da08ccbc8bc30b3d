/**
 * The one way out: whatever tells the world that something was committed goes
 * through here, after the store acknowledged it at its level.
 */
import type { NodeId, SessionRef } from "@holdfast/contracts";
import type { SettledInput } from "../ports/ledger.ts";
import type { NodeMessage, Notifier } from "../ports/notifier.ts";

/** A committed change that somebody may wait for. */
export interface CommittedChange {
  readonly ref: SessionRef;
  readonly settled: readonly SettledInput[];
  readonly followers: readonly NodeId[];
  readonly cursor: number;
}

/** Publishes a committed change. */
export type OutputGate = (change: CommittedChange) => void;

/** An outcome longer than this travels as a hint only; the waiter reads it from the ledger. */
const MAX_OUTCOME_CHARACTERS = 8_192;

/** A gate that hands over directly within this process and notifies the others. */
export function createOutputGate(options: {
  readonly node: NodeId;
  readonly notifier: Notifier;
  readonly deliver: (message: NodeMessage) => void;
}): OutputGate {
  const send = (node: NodeId, message: NodeMessage): void => {
    if (node === options.node) options.deliver(message);
    else options.notifier.publish(node, message);
  };
  return ({ ref, settled, followers, cursor }) => {
    for (const { inputId, outcome, nodes } of settled) {
      if (nodes.length === 0) continue;
      const isSmall = outcome.kind !== "completed" || JSON.stringify(outcome.output).length <= MAX_OUTCOME_CHARACTERS;
      const message: NodeMessage = { type: "input.settled", ref, inputId, ...(isSmall ? { outcome } : {}) };
      for (const node of nodes) send(node, message);
    }
    for (const node of followers) send(node, { type: "session.changed", ref, cursor });
  };
}
