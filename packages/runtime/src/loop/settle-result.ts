/**
 * From what an executor answered to what the ledger commits.
 */
import { ERRORS, epochMsOf, type FailureReport, type InputId, isAppError } from "@holdfast/contracts";
import { retryDelayMs } from "@holdfast/domain";
import type { AbortReason } from "../ports/executor.ts";
import type { AdvanceCommand, Settlement, StagedBatch } from "../ports/ledger.ts";
import type { RuntimeContext } from "../runtime-context.ts";
import { boundaryCommit, boundaryOfBatch, contributorsOf } from "./boundary.ts";
import { type CheckedResult, checkResult, type EndedResult } from "./check-result.ts";

/** How an attempt ended, as the loop saw it. */
export type AttemptEnd =
  | { readonly kind: "answered"; readonly result: unknown }
  | { readonly kind: "threw"; readonly error: unknown }
  /** It ignored its signal for longer than the loop waits. */
  | { readonly kind: "hung" };

/** Everything a settlement depends on. */
export interface SettleRequest {
  /** As the turn's own boundaries left it. */
  readonly batch: StagedBatch;
  readonly end: AttemptEnd;
  /** Why the turn's signal was aborted, if it was. */
  readonly aborted: AbortReason | null;
  /** Inputs that joined the run since its last boundary. */
  readonly shown: ReadonlySet<InputId>;
}

const LONGEST_CODE = 128;
const LONGEST_MESSAGE = 1_000;
const CANCELLED: EndedResult<"cancelled"> = { kind: "cancelled", state: null, output: null };
const ROLLED_BACK: Settlement = { kind: "rolled_back" };

/** The settlement of an attempt. Whatever an executor answers, there is one. */
export function settleResult(context: RuntimeContext, request: SettleRequest): Settlement {
  const { end, aborted } = request;
  if (end.kind === "answered") return settleAnswer(context, request, end.result);
  const asked = settleAsked(context, request, CANCELLED);
  if (asked !== null) return asked;
  if (aborted !== null || end.kind === "hung") return { kind: "released" };
  return failed(context, request, { failure: toFailure(end.error), isRetryable: true });
}

/** How a run ends that was asked to, and completed nothing; `null` when it was not. */
function settleAsked(context: RuntimeContext, request: SettleRequest, ended: EndedResult): Settlement | null {
  switch (request.aborted) {
    case "cancelled":
      return settleEnded(context, request, ended);
    case "rolled_back":
      return ROLLED_BACK;
    case "not_progressing":
      return failed(context, request, { failure: NOT_PROGRESSING, isRetryable: false });
    default:
      return null;
  }
}

function settleAnswer(context: RuntimeContext, request: SettleRequest, answer: unknown): Settlement {
  const { batch, shown } = request;
  try {
    const result = checkResult(context, answer, { batch, shown });
    if (result.kind === "completed" || result.kind === "callback_pending") return settleEnded(context, request, result);
    return settleUnfinished(context, request, result);
  } catch (error) {
    // Reading an answer may run code of the executor: a getter, a `toJSON`.
    const isOurs = isAppError(error);
    const message = isOurs ? error.message : `the executor's result cannot be read: ${messageOf(error)}`;
    const code = isOurs ? error.code : "executor.invalid_result";
    // What cannot be committed for this run cannot be the next time either.
    const isRetryable = code !== "executor.unsupported_result";
    return failed(context, request, { failure: { code, message }, isRetryable });
  }
}

/** A result that a request to end comes before. */
function settleUnfinished(
  context: RuntimeContext,
  request: SettleRequest,
  result: Exclude<CheckedResult, { kind: "completed" | "callback_pending" }>,
): Settlement {
  const { batch } = request;
  const state = "state" in result ? result.state : null;
  const asked = result.kind === "superseded" ? null : settleAsked(context, request, { ...CANCELLED, state });
  if (asked !== null) return asked;
  switch (result.kind) {
    case "cancelled":
      return settleEnded(context, request, result);
    case "failed":
      return failed(context, request, result);
    case "suspended": {
      const { on, data } = result;
      const draft = { ...result, output: null };
      return { kind: "suspended", ...boundaryCommit(context, batch, draft), on, data };
    }
    case "superseded": {
      const contributors = contributorsBefore(batch, result.by);
      const draft = { kind: "superseded", state: null, output: null, contributors } as const;
      return { kind: "superseded", ...boundaryCommit(context, batch, draft), by: result.by };
    }
  }
}

/** What came before the successor; it, and what joined the run since, is run next. */
function contributorsBefore(batch: StagedBatch, by: InputId): readonly InputId[] {
  const contributors = contributorsOf(batch);
  return contributors.slice(0, contributors.indexOf(by));
}

function settleEnded(context: RuntimeContext, { batch }: SettleRequest, result: EndedResult): Settlement {
  const isCallbackPending = result.kind === "callback_pending";
  const kind = isCallbackPending ? "completed" : result.kind;
  const commit = boundaryCommit(context, batch, { ...result, kind });
  return { kind, ...commit, output: result.output, isCallbackPending };
}

const NOT_PROGRESSING: FailureReport = {
  code: "executor.not_progressing",
  message: "the run reached no boundary within the time it has",
};

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
  const failures = 1 + Math.max(batch.appliedFailures, ...batch.inputs.map((input) => input.failures));
  const isDelayExplicit = result.retryAt !== undefined;
  return {
    kind: "failed",
    failure: {
      code: shown(result.failure.code, LONGEST_CODE),
      message: shown(result.failure.message, LONGEST_MESSAGE),
    },
    reason: result.failure === NOT_PROGRESSING ? "executor_not_progressing" : "max_attempts_exhausted",
    isRetryable: result.isRetryable,
    // The store's clock decides when: what travels is how long from now.
    retryDelayMs: isDelayExplicit
      ? Math.max(0, epochMsOf(result.retryAt as string) - clock.now())
      : retryDelayMs(failures, random.fraction(), budget),
    isDelayExplicit,
  };
}

/** The advance that commits a settlement; sent again unchanged until it is answered. */
export function advanceCommand(
  context: RuntimeContext,
  parts: Pick<AdvanceCommand, "ref" | "next"> & { readonly batch: StagedBatch; readonly settlement: Settlement },
): AdvanceCommand {
  const { batch, settlement } = parts;
  const contributors =
    settlement.kind === "superseded" ? contributorsBefore(batch, settlement.by) : contributorsOf(batch);
  return {
    ref: parts.ref,
    node: context.node,
    fence: batch.fence,
    attempt: batch.attempt,
    ...boundaryOfBatch(batch),
    contributors,
    settlement,
    settlementDigest: "digest" in settlement ? settlement.digest : context.sha256(JSON.stringify(settlement)),
    next: parts.next,
  };
}

/** What the signal of a turn carries as its reason. */
export function abortError(reason: AbortReason): DOMException {
  return new DOMException(`the turn was aborted: ${reason}`, "AbortError");
}
