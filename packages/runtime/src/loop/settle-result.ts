/**
 * From what an executor answered to what the ledger commits.
 */
import {
  DEFAULT_INPUT_LIMITS,
  type ExecutorResult,
  ExecutorResult as ExecutorResultSchema,
  epochMsOf,
  type FailureReport,
  isAppError,
} from "@holdfast/contracts";
import { canonicalJson, contentBytesOf, findJsonFault, receiptBytes, retryDelayMs } from "@holdfast/domain";
import type { AbortReason } from "../ports/executor.ts";
import type { AdvanceCommand, Settlement, StagedBatch } from "../ports/ledger.ts";
import type { RuntimeContext } from "../runtime-context.ts";

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

/** The settlement of an attempt. Whatever an executor answers, there is one. */
export function settleResult(context: RuntimeContext, request: SettleRequest): Settlement {
  const { end, aborted } = request;
  if (end.kind === "answered") return settleAnswer(context, request, end.result);
  if (aborted === "cancelled") return receiptFor(context, request, { kind: "cancelled" });
  if (aborted !== null || end.kind === "hung") return { kind: "released" };
  return failed(context, request, { failure: toFailure(end.error), isRetryable: true });
}

function settleAnswer(context: RuntimeContext, request: SettleRequest, answer: unknown): Settlement {
  try {
    return settleChecked(context, request, checkResult(answer));
  } catch (error) {
    // Reading an answer may run code of the executor: a getter, a `toJSON`.
    const message = `the executor's result cannot be read: ${messageOf(error)}`;
    return failed(context, request, { failure: { code: "executor.invalid_result", message }, isRetryable: true });
  }
}

function settleChecked(context: RuntimeContext, request: SettleRequest, checked: CheckedResult): Settlement {
  if (checked.kind === "refused") {
    return failed(context, request, { failure: checked.failure, isRetryable: true });
  }
  const { result } = checked;
  switch (result.kind) {
    case "completed":
    case "cancelled":
      return receiptFor(context, request, result);
    case "failed":
      if (request.aborted === "cancelled") return receiptFor(context, request, { kind: "cancelled" });
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

type CheckedResult =
  | { readonly kind: "valid"; readonly result: ExecutorResult }
  | { readonly kind: "refused"; readonly failure: FailureReport };

/** State and output are checked by hand, in one pass without recursion; a schema would take both apart. */
function checkResult(answer: unknown): CheckedResult {
  const refuse = (message: string): CheckedResult => {
    return { kind: "refused", failure: { code: "executor.invalid_result", message } };
  };
  if (typeof answer !== "object" || answer === null) return refuse("the executor answered with no result object");
  const { state, output, ...rest } = answer as Record<string, unknown>;
  const parsed = ExecutorResultSchema.safeParse(rest);
  if (!parsed.success) return refuse(`the executor's result is malformed: ${parsed.error.issues[0]?.message ?? ""}`);
  for (const [name, value] of Object.entries({ state, output })) {
    const fault = value === undefined ? null : findJsonFault(value, DEFAULT_INPUT_LIMITS);
    if (fault !== null) return refuse(`the executor's ${name} is no JSON: ${fault.kind} at ${fault.path}`);
  }
  return { kind: "valid", result: answer as ExecutorResult };
}

function toFailure(error: unknown): FailureReport {
  return { code: isAppError(error) ? error.code : "executor.failed", message: messageOf(error) };
}

/** What something that was thrown says, as far as it can be made to say anything. */
function messageOf(error: unknown): string {
  let text = "what was thrown has no text";
  try {
    text = error instanceof Error ? String(error.message) : String(error);
  } catch {
    // An object without a prototype, or one whose own `toString` throws.
  }
  return text.slice(0, 1_000).toWellFormed();
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
    failure: result.failure,
    isRetryable: result.isRetryable,
    // The store's clock decides when: what travels is how long from now.
    retryDelayMs: isDelayExplicit
      ? Math.max(0, epochMsOf(result.retryAt as string) - clock.now())
      : retryDelayMs(failures, random.fraction(), budget),
    isDelayExplicit,
  };
}

function canonicalOrNull(value: unknown): string | null {
  return value === undefined ? null : canonicalJson(value);
}

function receiptFor(
  context: RuntimeContext,
  { batch }: SettleRequest,
  result: Extract<ExecutorResult, { kind: "completed" | "cancelled" }>,
): Settlement {
  const completed = result.kind === "completed" ? result : null;
  const content = {
    state: canonicalOrNull(result.state),
    output: canonicalOrNull(completed?.output),
    conversationDigest: completed?.conversationDigest ?? null,
    messageCount: completed?.messageCount ?? 0,
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
