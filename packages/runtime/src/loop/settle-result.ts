/**
 * From what an executor answered to what the ledger commits.
 */
import {
  AppError,
  ERRORS,
  type ExecutorResult,
  ExecutorResult as ExecutorResultSchema,
  epochMsOf,
  type FailureReport,
  isAppError,
} from "@holdfast/contracts";
import { contentBytesOf, receiptBytes, retryDelayMs } from "@holdfast/domain";
import type { AbortReason } from "../ports/executor.ts";
import type { AdvanceCommand, Settlement, StagedBatch } from "../ports/ledger.ts";
import type { RuntimeContext } from "../runtime-context.ts";
import { executorJson } from "./executor-json.ts";

/** How an attempt ended, as the loop saw it. */
export type AttemptEnd =
  | { readonly kind: "answered"; readonly result: unknown }
  | { readonly kind: "threw"; readonly error: unknown }
  /** It ignored its signal for longer than the loop waits. */
  | { readonly kind: "hung" };

/** Everything a settlement depends on. */
export interface SettleRequest {
  readonly batch: StagedBatch;
  readonly end: AttemptEnd;
  /** Why the turn's signal was aborted, if it was. */
  readonly aborted: AbortReason | null;
}

const LONGEST_CODE = 128;
const LONGEST_MESSAGE = 1_000;
const CANCELLED: ReceiptResult = { kind: "cancelled", state: null, output: null };

/** The settlement of an attempt. Whatever an executor answers, there is one. */
export function settleResult(context: RuntimeContext, request: SettleRequest): Settlement {
  const { end, aborted } = request;
  if (end.kind === "answered") return settleAnswer(context, request, end.result);
  if (aborted === "cancelled") return receiptFor(context, request, CANCELLED);
  if (aborted !== null || end.kind === "hung") return { kind: "released" };
  return failed(context, request, { failure: toFailure(end.error), isRetryable: true });
}

function settleAnswer(context: RuntimeContext, request: SettleRequest, answer: unknown): Settlement {
  try {
    return settleChecked(context, request, checkResult(answer));
  } catch (error) {
    // Reading an answer may run code of the executor: a getter, a `toJSON`.
    const message = isAppError(error) ? error.message : `the executor's result cannot be read: ${messageOf(error)}`;
    return failed(context, request, { failure: { code: "executor.invalid_result", message }, isRetryable: true });
  }
}

function settleChecked(context: RuntimeContext, request: SettleRequest, result: CheckedResult): Settlement {
  switch (result.kind) {
    case "completed":
    case "cancelled":
      return receiptFor(context, request, result);
    case "failed":
      if (request.aborted === "cancelled") return receiptFor(context, request, CANCELLED);
      return failed(context, request, result);
    case "suspended":
    case "superseded":
      return failed(context, request, {
        failure: {
          code: "executor.unsupported_result",
          message: `a run of this session cannot end as ${result.kind}`,
        },
        isRetryable: false,
      });
  }
}

/** A result whose state and output are canonical JSON; `null` for none. */
type CheckedResult = Exclude<ExecutorResult, { kind: "completed" | "cancelled" }> | ReceiptResult;

type ReceiptResult = Pick<Extract<ExecutorResult, { kind: "completed" }>, "conversationDigest" | "messageCount"> & {
  readonly kind: "completed" | "cancelled";
  readonly state: string | null;
  readonly output: string | null;
};

/**
 * Reads an answer once, because what is read again may have changed. State and output are checked by hand, in one
 * pass without recursion; a schema would take both apart.
 *
 * @throws executor.invalid_result
 */
function checkResult(answer: unknown): CheckedResult {
  if (typeof answer !== "object" || answer === null) throw invalid("the executor answered with no result object");
  const { state, output, ...rest } = answer as Record<string, unknown>;
  const parsed = ExecutorResultSchema.safeParse(rest);
  if (!parsed.success) throw invalid(`the executor's result is malformed: ${parsed.error.issues[0]?.message ?? ""}`);
  const content = {
    state: jsonOrNull("the executor's state", state),
    output: jsonOrNull("the executor's output", output),
  };
  const result = parsed.data;
  return result.kind === "completed" || result.kind === "cancelled" ? { ...result, ...content } : result;
}

function invalid(message: string): AppError {
  return new AppError("executor.invalid_result", { message });
}

function jsonOrNull(what: string, value: unknown): string | null {
  return value === undefined ? null : executorJson(what, value);
}

function toFailure(error: unknown): FailureReport {
  return { code: codeOf(error), message: messageOf(error) };
}

/** The code of an error of ours; anybody else's says nothing to a program. */
function codeOf(error: unknown): string {
  try {
    if (isAppError(error) && Object.hasOwn(ERRORS, error.code)) return error.code;
  } catch {
    // A proxy that refuses to be looked at.
  }
  return "executor.failed";
}

/** What something that was thrown says, as far as it can be made to say anything. */
function messageOf(error: unknown): string {
  let text = "what was thrown has no text";
  try {
    text = error instanceof Error ? String(error.message) : String(error);
  } catch {
    // An object without a prototype, or one whose own `toString` throws.
  }
  return shown(text, LONGEST_MESSAGE);
}

/** What an executor says of a failure is stored with the input, listed and logged: it must not be endless. */
function shown(text: string, length: number): string {
  return text.slice(0, length).toWellFormed();
}

function failed(
  context: RuntimeContext,
  { batch }: SettleRequest,
  result: { readonly failure: FailureReport; readonly isRetryable: boolean; readonly retryAt?: string | undefined },
): Settlement {
  const { clock, random, budget } = context;
  const failures = 1 + Math.max(...batch.inputs.map((input) => input.failures));
  const isDelayExplicit = result.retryAt !== undefined;
  return {
    kind: "failed",
    failure: {
      code: shown(result.failure.code, LONGEST_CODE),
      message: shown(result.failure.message, LONGEST_MESSAGE),
    },
    isRetryable: result.isRetryable,
    // The store's clock decides when: what travels is how long from now.
    retryDelayMs: isDelayExplicit
      ? Math.max(0, epochMsOf(result.retryAt as string) - clock.now())
      : retryDelayMs(failures, random.fraction(), budget),
    isDelayExplicit,
  };
}

function receiptFor(context: RuntimeContext, { batch }: SettleRequest, result: ReceiptResult): Settlement {
  const content = {
    state: result.state,
    output: result.output,
    conversationDigest: result.conversationDigest ?? null,
    messageCount: result.messageCount ?? 0,
  };
  const contentDigest = context.sha256(contentBytesOf(content));
  const bytes = receiptBytes({
    runId: batch.fence.runId,
    sequence: batch.sequence,
    position: batch.position + 1,
    boundary: batch.boundary,
    result: result.kind,
    contributors: batch.inputs.map(({ inputId }) => inputId),
    token: batch.fence.token,
    claimId: batch.fence.claimId,
    contentDigest,
    ...(content.conversationDigest === null ? {} : { conversationDigest: content.conversationDigest }),
    messageCount: content.messageCount,
    previousDigest: batch.previousDigest,
  });
  return { kind: result.kind, ...content, contentDigest, digest: context.sha256(bytes) };
}

/** The advance that commits a settlement; sent again unchanged until it is answered. */
export function advanceCommand(
  context: RuntimeContext,
  parts: Pick<AdvanceCommand, "ref" | "next"> & { readonly batch: StagedBatch; readonly settlement: Settlement },
): AdvanceCommand {
  const { batch, settlement } = parts;
  const hasReceipt = settlement.kind === "completed" || settlement.kind === "cancelled";
  return {
    ref: parts.ref,
    node: context.node,
    fence: batch.fence,
    attempt: batch.attempt,
    sequence: batch.sequence,
    expectedPosition: batch.position,
    previousDigest: batch.previousDigest,
    boundary: batch.boundary,
    contributors: batch.inputs.map(({ inputId }) => inputId),
    settlement,
    settlementDigest: hasReceipt ? settlement.digest : context.sha256(JSON.stringify(settlement)),
    next: parts.next,
  };
}

/** What the signal of a turn carries as its reason. */
export function abortError(reason: AbortReason): DOMException {
  return new DOMException(`the turn was aborted: ${reason}`, "AbortError");
}
