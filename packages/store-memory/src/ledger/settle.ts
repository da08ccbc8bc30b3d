/** What a settled attempt leaves: a receipt and ended inputs, or inputs that are tried again. */
import type { FailureReport } from "@holdfast/contracts";
import type { AdvanceCommand, Settlement } from "@holdfast/runtime";
import { getInputs, moveInput } from "../input/input.ts";
import { endAttempt } from "../run/attempt.ts";
import { moveRun, putRun } from "../run/run.ts";
import type { HoldData, RunData } from "../session/session-data.ts";
import { emit, originOf, type Work } from "../session/work.ts";

/** A settlement that leaves a receipt. */
export type ReceiptSettlement = Extract<Settlement, { kind: "completed" | "cancelled" }>;

/** A settlement after which the inputs are tried again, unless their budget is spent. */
export type UndoneSettlement = Extract<Settlement, { kind: "failed" | "released" }>;

/** Writes the receipt and ends the inputs under it. */
export function settleWithReceipt(
  work: Work,
  hold: HoldData,
  { command, settlement, event }: { command: AdvanceCommand; settlement: ReceiptSettlement; event: string },
): void {
  const { session } = work;
  const run = moveRun(work, hold, event);
  writeReceipt(work, { hold, run, command, settlement });
  putRun(work, hold.runId, run);
  const inputs = getInputs(session, hold.staged);
  for (const input of inputs) {
    input.position = session.position;
    if (settlement.kind === "cancelled") input.detail = "cancelled";
    moveInput(work, input, event);
  }
  const type = settlement.kind === "cancelled" ? "run.cancelled" : "run.completed";
  const { runId, staged, startedCursor } = hold;
  emit(work, { type, runId, position: session.position, inputIds: [...staged] }, originOf(startedCursor, inputs));
}

function writeReceipt(
  { session, now }: Work,
  written: { hold: HoldData; run: RunData; command: AdvanceCommand; settlement: ReceiptSettlement },
): void {
  const { hold, run, command, settlement } = written;
  session.position += 1;
  session.digest = settlement.digest;
  run.sequence = hold.sequence;
  run.positions.push(session.position);
  run.inputs = [];
  session.receipts.push({
    runId: hold.runId,
    sequence: hold.sequence,
    boundary: command.boundary,
    result: settlement.kind,
    contributors: [...command.contributors],
    token: hold.token,
    claimId: hold.claimId,
    generation: session.generation,
    committedAt: now,
    contentDigest: settlement.contentDigest,
    conversationDigest: settlement.conversationDigest,
    messageCount: settlement.messageCount,
    digest: settlement.digest,
  });
  if (settlement.state !== null) session.state = settlement.state;
  if (settlement.output !== null) session.outputs.set(session.position, settlement.output);
}

/** Ends an attempt without a receipt: failed, or handed back. */
export function settleUndone(work: Work, hold: HoldData, settlement: UndoneSettlement): void {
  const { runId } = hold;
  if (settlement.kind === "released") {
    endAttempt(work, hold, { ...HANDED_BACK, event: "run.release", fact: { type: "run.released", runId } });
    return;
  }
  const { failure, isRetryable } = settlement;
  endAttempt(work, hold, {
    event: "run.fail",
    fact: { type: "run.failed", runId, code: failure.code },
    charge: { counter: "failures", limit: work.config.budget.maxFailures },
    isFinal: !isRetryable,
    reason: "max_attempts_exhausted",
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
  const [first] = getInputs(session, hold.staged.slice(0, 1));
  const isFirst = first?.failures === 0;
  const waitsForNobody = session.isHeld || session.queued === 0;
  return isFirst && waitsForNobody && !isDelayExplicit ? 0 : now + retryDelayMs;
}
