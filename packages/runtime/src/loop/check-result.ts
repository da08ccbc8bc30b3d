/**
 * What an executor answered, read once and held against the turn it was given:
 * an answer that does not fit is refused before anything is written.
 */
import {
  AppError,
  type ErrorCode,
  type ExecutorResult,
  ExecutorResult as ExecutorResultSchema,
  type InputId,
} from "@holdfast/contracts";
import type { StagedBatch } from "../ports/ledger.ts";
import type { Sha256 } from "../ports/sha256.ts";
import { contributorsOf } from "./boundary.ts";
import { executorJson } from "./executor-json.ts";

/** A result that ends its run under a receipt; texts are canonical JSON, `null` for none. */
export interface EndedResult<K extends string = "completed" | "cancelled" | "callback_pending"> {
  readonly kind: K;
  readonly state: string | null;
  readonly output: string | null;
  readonly conversationDigest?: string | undefined;
  readonly messageCount?: number | undefined;
}

/** A result that fits its turn. */
export type CheckedResult =
  | EndedResult<"completed">
  | EndedResult<"cancelled">
  | EndedResult<"callback_pending">
  | Extract<ExecutorResult, { kind: "failed" | "superseded" }>
  | (Omit<Extract<ExecutorResult, { kind: "suspended" }>, "state" | "data"> & {
      readonly state: string | null;
      readonly data: string | null;
    });

/** The turn that an answer is held against. */
export interface AnsweredTurn {
  readonly batch: StagedBatch;
  /** Inputs that joined the run since its last boundary. */
  readonly shown: ReadonlySet<InputId>;
}

type CompletedResult = Extract<ExecutorResult, { kind: "completed" }>;

/**
 * Reads an answer once, because what is read again may have changed. What may be large is checked by hand, in one
 * pass without recursion; a schema would take it apart.
 *
 * @throws executor.invalid_result, executor.draft_mismatch, executor.unsupported_result
 */
export function checkResult(context: { readonly sha256: Sha256 }, answer: unknown, turn: AnsweredTurn): CheckedResult {
  if (typeof answer !== "object" || answer === null) throw invalid("the executor answered with no result object");
  const { state, output, data, args, messages, ...rest } = answer as Record<string, unknown>;
  const result = parseShape({ ...rest, ...(args === undefined ? {} : { args: null }) });
  const json = {
    state: jsonOrNull("the executor's state", state),
    output: jsonOrNull("the executor's output", output),
  };
  switch (result.kind) {
    case "completed":
      return { ...result, ...json, ...conversationOf(context.sha256, result, messages), ...fitted(result, turn) };
    case "cancelled":
      return { ...result, ...json };
    case "callback_pending": {
      const call = executorJson("the executor's callback", { toolName: result.toolName, args });
      return { kind: result.kind, state: json.state, output: call };
    }
    case "suspended":
      return { ...result, state: json.state, data: jsonOrNull("what the run keeps", data) };
    case "superseded":
      assertShown(result.by, turn);
      return result;
    case "failed":
      return result;
  }
}

function parseShape(answer: object): ExecutorResult {
  const parsed = ExecutorResultSchema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw invalid(`the executor's result is malformed: ${parsed.error.issues[0]?.message ?? ""}`);
}

/** Nothing else can take the place of a run than what its inbox showed. */
function assertShown(by: InputId, { shown }: AnsweredTurn): void {
  if (shown.has(by)) return;
  throw fault("executor.unsupported_result", `the run was not shown ${by}, which is to supersede it`);
}

/** Nothing, for a result of this run and of exactly these inputs, as far as it says. */
function fitted({ runId, contributingInputIds }: CompletedResult, { batch }: AnsweredTurn): object {
  if (runId !== undefined && runId !== batch.fence.runId) {
    throw mismatch(`the executor answered for ${runId}, the run is ${batch.fence.runId}`);
  }
  const contributors = contributorsOf(batch).join(",");
  if (contributingInputIds !== undefined && contributingInputIds.join(",") !== contributors) {
    throw mismatch("the executor's contributing inputs are not those of its turn, in order");
  }
  return {};
}

/** Digest and length of the conversation: as claimed, or of the messages that were handed in. */
function conversationOf(sha256: Sha256, claimed: CompletedResult, messages: unknown) {
  const { conversationDigest, messageCount } = claimed;
  if (messages === undefined) return { conversationDigest, messageCount };
  if (!Array.isArray(messages)) throw invalid("the executor's messages are no list");
  // Hex, as the receipt has it; the hash is base64url.
  const digest = Buffer.from(sha256(executorJson("the executor's messages", messages)), "base64url").toString("hex");
  if (conversationDigest !== undefined && conversationDigest !== digest) {
    throw mismatch("the executor's conversation digest is not that of its messages");
  }
  if (messageCount !== undefined && messageCount !== messages.length) {
    throw mismatch(`the executor claims ${messageCount} messages and hands in ${messages.length}`);
  }
  return { conversationDigest: digest, messageCount: messages.length };
}

function invalid(message: string): AppError {
  return fault("executor.invalid_result", message);
}

function mismatch(message: string): AppError {
  return fault("executor.draft_mismatch", message);
}

function fault(code: ErrorCode, message: string): AppError {
  return new AppError(code, { message });
}

function jsonOrNull(what: string, value: unknown): string | null {
  return value === undefined ? null : executorJson(what, value);
}
