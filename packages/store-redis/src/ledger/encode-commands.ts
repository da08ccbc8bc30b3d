/** Commands as scripts take them. */
import { type AbandonReason, epochMsOf, KindId, type PolicyDecision } from "@holdfast/contracts";
import { CALLBACK_PENDING, encodePolicy, signalFor } from "@holdfast/domain";
import type { AdmitCommand, BoundaryCommit, ExecutorRange, Settlement, StagingOffer } from "@holdfast/runtime";
import { encodeColumnText } from "../layout/column.ts";

const encoded = { idle: new WeakMap<PolicyDecision, string>(), live: new WeakMap<PolicyDecision, string>() };

/** A policy column as the admission script reads it; there are few, and each is put together once. */
export function encodeColumn({ columns }: AdmitCommand, column: "idle" | "live"): string {
  const decision = columns[column];
  const text = encoded[column].get(decision) ?? textOf(decision, column);
  encoded[column].set(decision, text);
  return text;
}

function textOf(decision: PolicyDecision, column: "idle" | "live"): string {
  const isConsumed = decision.consume === "on_accept" ? "1" : "";
  const lane = decision.lane === "steer" ? "s" : "q";
  const signal = signalFor(decision, column === "live");
  const { queue, boundary, whenBusy } = decision;
  return [lane, queue, isConsumed, signal, boundary, whenBusy, encodePolicy(decision)].join("|");
}

/** What only some inputs have, as the admission script reads it. */
export function encodeTimes({ input, merge }: AdmitCommand) {
  const { debounce, expiresAt, kind } = input;
  return {
    expiresAt,
    kind: KindId.options.indexOf(kind) + 1,
    debounce: debounce === null ? "" : `${debounce.windowMs}|${debounce.maxWaitMs}`,
    aggregate: encodeMerge(merge),
  };
}

// Ids have no spaces; an empty text asks.
function encodeMerge(merge: AdmitCommand["merge"]): string {
  if (merge === null) return "";
  return merge === "declined" ? "none" : `${merge.queuedId} ${merge.id} ${merge.payload}`;
}

/** An offer of a worker, or none; lists are framed by commas so that a script finds whole names only. */
export function encodeOffer(offer: StagingOffer | null): { readonly newRunId: string; readonly offer: string } {
  if (offer === null) return { newRunId: "", offer: "" };
  const { newRunId, maxInputs, maxBytes, executors, batching, ranges, declined } = offer;
  const lists = [executors, batching, ranges.map(rangeText)].map((names) => `,${names.join(",")},`);
  return { newRunId, offer: [maxInputs, maxBytes, ...lists, declined === null ? "" : rangeText(declined)].join("|") };
}

function rangeText({ executor, versions }: ExecutorRange): string {
  return `${executor}@${encodeColumnText(versions)}`;
}

const NO_RECEIPT = {
  contentDigest: "",
  conversationDigest: "",
  messageCount: 0,
  digest: "",
  state: "",
  output: "",
  data: "",
  detail: "",
} as const;

/** The columns of a settlement, empty where its kind has none. */
export function encodeSettlement(settlement: Settlement) {
  switch (settlement.kind) {
    case "released":
    case "rolled_back":
      return { settlement: settlement.kind, ...NO_RECEIPT, failure: "" };
    case "failed": {
      const { failure, reason, isRetryable, isDelayExplicit, retryDelayMs } = settlement;
      const when = [flag(isRetryable), flag(isDelayExplicit), retryDelayMs].join("|");
      const report = `${encodeColumnText(failure.code)}|${reason}|${when}|${JSON.stringify(failure)}`;
      return { settlement: settlement.kind, ...NO_RECEIPT, failure: report };
    }
    case "completed":
    case "cancelled": {
      const detail = settlement.isCallbackPending ? CALLBACK_PENDING : detailOf[settlement.kind];
      return { ...receiptColumns(settlement), output: settlement.output ?? "", data: "", detail };
    }
    case "superseded":
      return { ...receiptColumns(settlement), output: "", data: "", detail: settlement.by };
    case "suspended": {
      const { on, data } = settlement;
      const at = on.type === "timer" ? epochMsOf(on.at) : "";
      return { ...receiptColumns(settlement), output: "", data: data ?? "", detail: `${at}|${JSON.stringify(on)}` };
    }
  }
}

/** What waiters of a run that ended by itself are told beside its output. */
const detailOf = { completed: "", cancelled: "cancelled" } as const satisfies Record<string, AbandonReason | "">;

/** Columns of every boundary. JSON is never the empty text. */
export function boundaryColumns({ state, contentDigest, conversationDigest, messageCount, digest }: BoundaryCommit) {
  return {
    state: state ?? "",
    contentDigest,
    conversationDigest: conversationDigest ?? "",
    messageCount,
    digest,
  };
}

function receiptColumns(settlement: BoundaryCommit & { readonly kind: string }) {
  return { settlement: settlement.kind, ...boundaryColumns(settlement), failure: "" };
}

function flag(fact: boolean): string {
  return fact ? "1" : "";
}
