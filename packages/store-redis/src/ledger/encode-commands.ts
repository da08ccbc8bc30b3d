/** Commands as scripts take them. */
import type { RunId } from "@holdfast/contracts";
import { encodePolicy, signalFor } from "@holdfast/domain";
import type { AdmitCommand, Settlement, StagingOffer } from "@holdfast/runtime";

/** A policy column as the admission script reads it. */
export function encodeColumn(command: AdmitCommand, column: "idle" | "live"): string {
  const decision = command.columns[column];
  const isConsumed = decision.consume === "on_accept" ? "1" : "";
  const lane = decision.lane === "steer" ? "s" : "q";
  const signal = signalFor(decision, column === "live");
  return [lane, decision.queue, isConsumed, signal, decision.boundary, encodePolicy(decision)].join("|");
}

/** An offer of a worker; lists are framed by commas so that a script finds whole names only. */
export function encodeOffer(offer: StagingOffer) {
  return {
    newRunId: offer.newRunId,
    executors: `,${offer.executors.join(",")},`,
    batching: `,${offer.batching.join(",")},`,
    maxInputs: offer.maxInputs,
    maxBytes: offer.maxBytes,
  };
}

/** Sent when nothing is to be staged next. */
export const NO_OFFER: StagingOffer = { newRunId: "" as RunId, executors: [], maxInputs: 1, maxBytes: 0, batching: [] };

const NO_RECEIPT = {
  contentDigest: "",
  conversationDigest: "",
  messageCount: 0,
  digest: "",
  hasState: false,
  state: "",
  hasOutput: false,
  output: "",
} as const;

const NO_FAILURE = {
  failure: "",
  failureCode: "",
  isRetryable: true,
  retryDelayMs: 0,
  isDelayExplicit: false,
} as const;

/** The columns of a settlement, empty where its kind has none. */
export function encodeSettlement(settlement: Settlement) {
  switch (settlement.kind) {
    case "released":
      return { settlement: settlement.kind, ...NO_RECEIPT, ...NO_FAILURE };
    case "failed": {
      const { kind, failure, ...when } = settlement;
      const failed = { failure: JSON.stringify(failure), failureCode: failure.code, ...when };
      return { settlement: kind, ...NO_RECEIPT, ...failed };
    }
    case "completed":
    case "cancelled": {
      const { kind, state, output, conversationDigest, ...receipt } = settlement;
      return {
        settlement: kind,
        ...NO_FAILURE,
        ...receipt,
        conversationDigest: conversationDigest ?? "",
        hasState: state !== null,
        state: state ?? "",
        hasOutput: output !== null,
        output: output ?? "",
      };
    }
  }
}
