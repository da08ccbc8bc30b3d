/** Answers of the ledger's scripts as the port tells them. */
import {
  type Ack,
  type CancelMode,
  type FailureReport,
  type InputId,
  type InputStatus,
  type NodeId,
  type RunId,
  type SessionPhase,
  SessionSettings,
  type Signal,
} from "@holdfast/contracts";
import { abortReasonOf, outcomeOf } from "@holdfast/domain";
import type {
  AbortNotice,
  AdmitReply,
  AdvanceCommand,
  AdvanceReply,
  ClaimReply,
  DueReply,
  NextStep,
  WatchReply,
} from "@holdfast/runtime";
import { decodeColumnText } from "../layout/column.ts";
import { decodePayload } from "../layout/payload.ts";
import { RECEIPT, RECORD, rowOf } from "../layout/rows.ts";
import {
  afterSettled,
  asReply,
  decodeBatch,
  decodeSettled,
  decodeUnwritten,
  nodes,
  number,
  numberOrNull,
  type Reply,
  tagOf,
  text,
  unexpected,
} from "./replies.ts";

/** Answers of admit-input. */
export function decodeAdmit(reply: Reply, inputId: InputId, ack: Ack): AdmitReply {
  switch (tagOf(reply)) {
    case "accepted":
      return decodeAccepted(reply, inputId, ack);
    case "deduplicated":
      return {
        kind: "deduplicated",
        existingId: text(reply, 1) as InputId,
        admission: number(reply, 2),
        status: text(reply, 3) as InputStatus,
        followers: nodes(reply, 4),
        cursor: number(reply, 5),
        ack,
      };
    case "mismatch":
      return { kind: "mismatch", existingId: text(reply, 1) as InputId };
    case "busy":
    case "mergeable":
      return decodePolicyAnswer(reply);
    case "refused":
      return { kind: "refused", phase: text(reply, 1) as SessionPhase };
    case "stale_settings": {
      const settings = SessionSettings.parse(JSON.parse(text(reply, 2)));
      return { kind: "stale_settings", revision: number(reply, 1), settings };
    }
    case "not_dead_letter":
      return { kind: "not_dead_letter", redrivenBy: text(reply, 1) === "" ? null : (text(reply, 1) as InputId) };
    case "session_full":
      return { kind: "session_full", pending: number(reply, 1) };
    default:
      return PLAIN_REFUSALS[tagOf(reply)] ?? unexpected("admit-input", reply);
  }
}

/** Refusals that say nothing but what they are. */
const PLAIN_REFUSALS: Readonly<Record<string, Extract<AdmitReply, { kind: "not_owed" | "missing" | "torn" }>>> = {
  not_owed: { kind: "not_owed" },
  missing: { kind: "missing" },
  torn: { kind: "torn" },
};

/** What the overlap policy of an input came to, where that is no admission. */
function decodePolicyAnswer(reply: Reply): AdmitReply {
  if (tagOf(reply) === "busy") return { kind: "busy", runId: text(reply, 1) === "" ? null : (text(reply, 1) as RunId) };
  const { inputId: queuedId, payload } = decodePayload(text(reply, 2));
  return { kind: "mergeable", queuedId, payload };
}

function decodeAccepted(reply: Reply, inputId: InputId, ack: Ack): AdmitReply {
  const node = text(reply, 6);
  const executor = text(reply, 7);
  const mergedInto = text(reply, 13);
  const settled = decodeSettled(reply, 14);
  return {
    kind: "accepted",
    inputId,
    admission: number(reply, 1),
    column: text(reply, 2) === "1" ? "live" : "idle",
    status: text(reply, 3) as InputStatus,
    wake: {
      signal: text(reply, 4) as Signal,
      epoch: number(reply, 5),
      node: node === "" ? null : (node as NodeId),
      executor: executor === "" ? null : executor,
    },
    // What was consumed on admission is told by its status alone.
    displaced: settled.filter((item) => item.inputId !== inputId || mergedInto !== ""),
    abort: decodeAbort(reply),
    mergedInto: mergedInto === "" ? null : (mergedInto as InputId),
    followers: nodes(reply, 8),
    cursor: number(reply, 9),
    ack,
  };
}

function decodeAbort(reply: Reply): AbortNotice | null {
  const [node, runId, mode] = [text(reply, 10) as NodeId, text(reply, 11) as RunId, text(reply, 12) as CancelMode];
  return text(reply, 11) === "" ? null : { node, runId, reason: abortReasonOf(mode) };
}

/** Answers of claim-session. */
export function decodeClaim(reply: Reply): ClaimReply {
  switch (tagOf(reply)) {
    case "staged": {
      const state = text(reply, 2);
      return {
        kind: "staged",
        batch: decodeBatch(reply, afterSettled(reply, 5)),
        state: text(reply, 1) === "1" ? { kind: "cached" } : { kind: "stored", state: state === "" ? null : state },
        settled: decodeSettled(reply, 5),
        followers: nodes(reply, 3),
        cursor: number(reply, 4),
      };
    }
    case "busy":
      return { kind: "busy", leaseUntil: number(reply, 1) };
    case "chores":
      return { kind: "chores" };
    case "not_hosted":
      return { kind: "not_hosted", ...decodeExecutor(reply), followers: nodes(reply, 3), cursor: number(reply, 4) };
    case "undecided":
      return { kind: "undecided", ...decodeExecutor(reply) };
    case "rest":
    case "owing":
      return {
        kind: "idle",
        dueAt: numberOrNull(reply, 1),
        isOwing: tagOf(reply) === "owing",
        settled: decodeSettled(reply, 4),
        followers: nodes(reply, 2),
        cursor: number(reply, 3),
      };
    case "missing":
      return { kind: "missing" };
    case "torn":
      return { kind: "torn" };
    default:
      return unexpected("claim-session", reply);
  }
}

function decodeExecutor(reply: Reply) {
  return { executor: text(reply, 1), versions: decodeColumnText(text(reply, 2)) };
}

/** Answers of advance-run. */
export function decodeAdvance(reply: Reply, { fence, settlement }: AdvanceCommand, ack: Ack): AdvanceReply {
  switch (tagOf(reply)) {
    case "committed":
      return {
        kind: "committed",
        isRepeat: text(reply, 1) === "1",
        position: number(reply, 2),
        committedAt: number(reply, 3),
        settled: decodeSettled(reply, 6, {
          runId: fence.runId,
          ...(settlement.kind === "completed" ? { output: settlement.output } : {}),
          ...(settlement.kind === "failed" ? { failure: settlement.failure } : {}),
        }),
        next: decodeNext(reply, afterSettled(reply, 6)),
        followers: nodes(reply, 4),
        cursor: number(reply, 5),
        ack,
      };
    default:
      return decodeUnwritten("advance-run", reply);
  }
}

function decodeNext(reply: Reply, at: number): NextStep {
  switch (text(reply, at)) {
    case "staged":
      return { kind: "staged", batch: decodeBatch(reply, at + 1) };
    case "more":
      return {
        kind: "more",
        epoch: number(reply, at + 1),
        dueAt: number(reply, at + 2),
        executor: text(reply, at + 3),
      };
    case "rest":
      return { kind: "idle", dueAt: numberOrNull(reply, at + 1) };
    case "owing":
      return { kind: "owing", dueAt: number(reply, at + 1) };
    case "lost":
      return { kind: "lost" };
    default:
      return unexpected("advance-run", reply);
  }
}

/** Answers of inspect-due. */
export function decodeDue(reply: Reply): DueReply {
  switch (tagOf(reply)) {
    case "wake": {
      const node = text(reply, 4);
      return {
        kind: "wake",
        epoch: number(reply, 1),
        sweeps: number(reply, 2),
        executor: text(reply, 3),
        node: node === "" ? null : (node as NodeId),
      };
    }
    case "chores":
      return { kind: "chores" };
    case "unregistering":
      return { kind: "unregistering" };
    case "owing":
      return { kind: "owing" };
    case "torn":
      return { kind: "torn" };
    case "nothing":
      return { kind: "nothing" };
    default:
      return unexpected("inspect-due", reply);
  }
}

/** The answer of watch-input about an input that ended. */
export function decodeWatched(reply: Reply): WatchReply {
  const record = rowOf(RECORD, asReply(reply[1]));
  const receipt = reply[2] === "" ? null : rowOf(RECEIPT, asReply(reply[2]));
  const [output, failure] = [text(reply, 3), text(reply, 4)];
  const outcome = outcomeOf({
    status: record.status as InputStatus,
    detail: text(reply, 5),
    attempts: record.attempts,
    ...(receipt === null ? {} : { receipt: { runId: receipt.runId as RunId, position: record.position } }),
    ...(output === "" ? {} : { output: JSON.parse(output) as unknown }),
    ...(failure === "" ? {} : { failure: JSON.parse(failure) as FailureReport }),
  });
  if (outcome === null) return unexpected("watch-input", reply);
  return tagOf(reply) === "gone" ? { kind: "missing", phase: null, outcome } : { kind: "settled", outcome };
}
