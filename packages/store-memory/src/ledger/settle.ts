/** What a settled attempt leaves: a receipt and ended inputs, or inputs that are tried again. */
import { type Boundary, epochMsOf, type FailureReport, type InputId, type ReceiptResult } from "@holdfast/contracts";
import { CALLBACK_PENDING, SETTLEMENT_EVENTS } from "@holdfast/domain";
import type { BoundaryCommit, Settlement } from "@holdfast/runtime";
import { getInputs, moveInput } from "../input/input.ts";
import { awaitOperation } from "../operation/awaiting-runs.ts";
import { endAttempt, isCancelled, leaveParked, rollBack } from "../run/attempt.ts";
import { earlierOf, membersOf, parkRun, resumeRun, timeRun } from "../run/continuation.ts";
import { moveRun, putRun } from "../run/run.ts";
import type { HoldData, RunData } from "../session/session-data.ts";
import { emit, originOf, type Work } from "../session/work.ts";
import { settleStream } from "../stream/stand-with-run.ts";

type Of<K extends Settlement["kind"]> = Extract<Settlement, { kind: K }>;

/** A settlement that leaves a receipt and ends its run. */
type EndingSettlement = Of<"completed" | "cancelled" | "superseded">;

/** A settlement after which the inputs are tried again, unless their budget is spent. */
type UndoneSettlement = Of<"failed" | "released">;

/** What a receipt says beside what its hold does. */
interface WrittenBoundary {
  readonly commit: BoundaryCommit;
  readonly result: ReceiptResult;
  readonly boundary: Boundary;
  readonly contributors: readonly InputId[];
}

/** Carries a settlement out; the hold is the caller's to clear. */
export function settle(
  work: Work,
  hold: HoldData,
  command: { readonly settlement: Settlement; readonly boundary: Boundary; readonly contributors: readonly InputId[] },
): void {
  const { settlement, ...written } = command;
  switch (settlement.kind) {
    case "completed":
    case "cancelled":
    case "superseded":
      settleWithReceipt(work, hold, { ...written, settlement });
      return;
    case "suspended":
      if (isCancelled(hold)) rollBack(work, hold);
      else suspend(work, hold, { ...written, settlement });
      return;
    case "rolled_back":
      rollBack(work, hold);
      return;
    case "failed":
    case "released":
      settleUndone(work, hold, settlement);
  }
}

/** What is noted with inputs that end under a receipt. */
function detailOf(settlement: EndingSettlement): string {
  if (settlement.kind === "superseded") return settlement.by;
  if (settlement.kind === "cancelled") return "cancelled";
  return settlement.isCallbackPending ? CALLBACK_PENDING : "";
}

/** Writes the receipt and ends the inputs under it. */
function settleWithReceipt(
  work: Work,
  hold: HoldData,
  { settlement, ...written }: Omit<WrittenBoundary, "commit" | "result"> & { readonly settlement: EndingSettlement },
): void {
  const { session } = work;
  const event = SETTLEMENT_EVENTS[settlement.kind];
  const { contributors } = written;
  const run = moveRun(work, hold, event);
  writeReceipt(work, hold, run, { ...written, commit: settlement, result: settlement.kind });
  if ("output" in settlement && settlement.output !== null) session.outputs.set(session.position, settlement.output);
  putRun(work, hold.runId, run);
  moveUnderReceipt(work, contributors, event, detailOf(settlement));
  moveUnderReceipt(work, hold.applied, event, detailOf(settlement));
  giveBack(work, hold, hold.staged.slice(contributors.length));
  const inputIds = [...contributors];
  const settled = { runId: hold.runId, position: session.position, inputIds, ...earlierOf(hold) };
  const members = membersOf({ applied: hold.applied, staged: contributors });
  const origin = originOf(hold.startedCursor, getInputs(session, members));
  if (settlement.kind === "superseded") emit(work, { type: "run.superseded", ...settled, by: settlement.by }, origin);
  else emit(work, { type: settlement.kind === "cancelled" ? "run.cancelled" : "run.completed", ...settled }, origin);
}

function moveUnderReceipt(work: Work, ids: readonly InputId[], event: string, detail: string): void {
  for (const input of getInputs(work.session, ids)) {
    input.position = work.session.position;
    if (detail !== "") input.detail = detail;
    moveInput(work, input, event);
  }
}

/** Inputs that joined the run and are not part of its last boundary: they are run next. */
function giveBack(work: Work, hold: HoldData, ids: readonly InputId[]): void {
  for (const input of getInputs(work.session, ids)) {
    input.runId = null;
    leaveParked(work, hold, input);
    moveInput(work, input, "run.release", { isContinued: false });
  }
}

/** A boundary within a run: its inputs are applied, and end with the run. Answers the run's row, which is not put. */
export function writeBoundary(
  work: Work,
  hold: HoldData,
  written: WrittenBoundary & { readonly data: string | null },
): RunData {
  const { session } = work;
  const { runId } = hold;
  const { result, contributors, data } = written;
  const event = SETTLEMENT_EVENTS[result];
  const run = moveRun(work, hold, event);
  writeReceipt(work, hold, run, written);
  moveUnderReceipt(work, contributors, event, "");
  const type = result === "suspended" ? "run.suspended" : "run.checkpointed";
  emit(
    work,
    { type, runId, position: session.position, inputIds: [...contributors] },
    originOf(hold.startedCursor, getInputs(session, contributors)),
  );
  if (data !== null) session.checkpoints.set(runId, data);
  if (hold.isStreamed) settleStream(session, runId);
  hold.applied = membersOf(hold);
  hold.staged = [];
  hold.isSteered = true;
  hold.sequence += 1;
  return run;
}

/** Out of the head, until somebody answers, an operation ends or its time comes. */
function suspend(
  work: Work,
  hold: HoldData,
  { settlement, ...written }: Omit<WrittenBoundary, "commit" | "result"> & { readonly settlement: Of<"suspended"> },
): void {
  const { on, data } = settlement;
  const run = writeBoundary(work, hold, { ...written, commit: settlement, result: "suspended", data });
  run.suspension = on;
  work.session.resumptions.delete(hold.runId);
  parkRun(work, hold, run, "steer");
  const timerAt = on.type === "timer" ? epochMsOf(on.at) : null;
  const outcome = awaitOperation(work, hold.runId, run);
  if (outcome !== null) work.session.resumptions.set(hold.runId, outcome);
  if (outcome !== null || (timerAt !== null && timerAt <= work.now)) resumeRun(work, hold.runId, run);
  else if (timerAt !== null) timeRun(work, hold.runId, run, timerAt);
  putRun(work, hold.runId, run);
}

function writeReceipt({ session, now }: Work, hold: HoldData, run: RunData, written: WrittenBoundary): void {
  const { commit, result, boundary, contributors } = written;
  session.position += 1;
  session.digest = commit.digest;
  run.sequence = hold.sequence;
  run.positions.push(session.position);
  run.inputs = [];
  session.receipts.push({
    runId: hold.runId,
    sequence: hold.sequence,
    boundary,
    result,
    contributors: [...contributors],
    token: hold.token,
    claimId: hold.claimId,
    generation: session.generation,
    committedAt: now,
    contentDigest: commit.contentDigest,
    conversationDigest: commit.conversationDigest,
    messageCount: commit.messageCount,
    digest: commit.digest,
  });
  if (commit.state !== null) session.state = commit.state;
}

/** Ends an attempt without a receipt: failed, or handed back. */
function settleUndone(work: Work, hold: HoldData, settlement: UndoneSettlement): void {
  const { runId } = hold;
  if (settlement.kind === "released") {
    endAttempt(work, hold, { ...HANDED_BACK, event: "run.release", fact: { type: "run.released", runId } });
    return;
  }
  const { failure, reason, isRetryable } = settlement;
  endAttempt(work, hold, {
    event: "run.fail",
    fact: { type: "run.failed", runId, code: failure.code },
    charge: { counter: "failures", limit: work.config.budget.maxFailures },
    isFinal: !isRetryable,
    reason,
    failure: failure satisfies FailureReport,
    notBeforeAt: retryAt(work, hold, settlement),
  });
}

const HANDED_BACK = {
  charge: null,
  isFinal: false,
  reason: "max_attempts_exhausted",
  failure: null,
  notBeforeAt: 0,
} as const;

/** First retry at once when it keeps nobody waiting; otherwise after the delay the worker computed. */
function retryAt(
  { session, now }: Work,
  hold: HoldData,
  { retryDelayMs, isDelayExplicit }: Extract<Settlement, { kind: "failed" }>,
): number {
  const [first] = getInputs(session, [...hold.staged, ...hold.applied].slice(0, 1));
  const isFirst = first?.failures === 0;
  const waitsForNobody = session.isHeld || session.queued === 0;
  return isFirst && waitsForNobody && !isDelayExplicit ? 0 : now + retryDelayMs;
}
