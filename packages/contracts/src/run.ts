/** What an executor is handed, and what it may answer. */
import * as z from "zod";
import { InputId, RunId } from "./ids.ts";
import { Causality, ContentBlock, ExecutionKind, TurnMetadata } from "./input.ts";
import { FailureReport } from "./outcome.ts";
import { Boundary } from "./policy.ts";

/** Content that joins the conversation, in the role of the user. */
export const Append = z.strictObject({ inputId: InputId, role: z.literal("user"), blocks: z.array(ContentBlock) });
/** See {@link Append}. */
export type Append = z.infer<typeof Append>;

/** A batch of inputs, rendered for an executor. */
export const RunPrimitive = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("staged_input"),
    boundary: Boundary,
    executionKind: ExecutionKind,
    appends: z.array(Append),
    contextAppends: z.array(Append),
    /** Opaque to the executor; the receipt names exactly these, in this order (G4). */
    contributingInputIds: z.array(InputId),
    turnMetadata: TurnMetadata,
    /** What all inputs of the batch agree about; nothing of what two of them say differently. */
    causality: Causality,
  }),
  z.strictObject({ kind: z.literal("immediate_append"), blocks: z.array(ContentBlock) }),
  z.strictObject({ kind: z.literal("immediate_context_append"), blocks: z.array(ContentBlock) }),
]);
/** See {@link RunPrimitive}. */
export type RunPrimitive = z.infer<typeof RunPrimitive>;

/**
 * What a run waits for while it is suspended. A timer resumes it at its time, an operation with its outcome as
 * `turn.resumed.value`: at once where it ended before, with JSON null where nothing is known of it. `resumeRun`
 * resumes it whatever it waits for.
 */
export const Suspension = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("approval"), approvalId: z.string() }),
  z.strictObject({ type: z.literal("timer"), at: z.iso.datetime({ offset: true }) }),
  z.strictObject({ type: z.literal("operation"), operationId: z.string() }),
]);
/** See {@link Suspension}. */
export type Suspension = z.infer<typeof Suspension>;

/** The answer of an executor. Throwing counts as `failed{isRetryable: true}`. */
export const ExecutorResult = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("completed"),
    /** The session's next state; absent leaves it unchanged. */
    state: z.json().optional(),
    /** What every contributor's waiter gets. */
    output: z.json().optional(),
    conversationDigest: z.hex().length(64).optional(),
    messageCount: z.int().nonnegative().optional(),
    /**
     * The conversation that digest and count are of. It is compared with both
     * and not stored; what is not claimed is derived from it.
     */
    messages: z.array(z.json()).optional(),
    /** The run this answer is meant for; another one is refused. */
    runId: RunId.optional(),
    /** Inputs the executor takes this boundary to be of; others than those are refused (G4). */
    contributingInputIds: z.array(InputId).optional(),
  }),
  /** The turn stopped at an external tool: the run ends, and its waiters are told which call they owe. */
  z.strictObject({
    kind: z.literal("callback_pending"),
    toolName: z.string().min(1),
    args: z.json(),
    state: z.json().optional(),
  }),
  z.strictObject({
    kind: z.literal("failed"),
    failure: FailureReport,
    isRetryable: z.boolean(),
    /** Earliest time of the next attempt; the default is a jittered back-off. */
    retryAt: z.iso.datetime({ offset: true }).optional(),
  }),
  z.strictObject({ kind: z.literal("cancelled"), state: z.json().optional() }),
  z.strictObject({
    kind: z.literal("suspended"),
    on: Suspension,
    state: z.json().optional(),
    /** What the run finds as `turn.resumed.data` when it goes on. */
    data: z.json().optional(),
  }),
  /** Legal only for an input that `turn.inbox` handed over since the last boundary; it is run next. */
  z.strictObject({ kind: z.literal("superseded"), by: InputId }),
]);
/** See {@link ExecutorResult}. */
export type ExecutorResult = z.infer<typeof ExecutorResult>;

/**
 * How a run in progress was asked to end: `interrupt` commits what it returns on
 * abort, `rollback` commits nothing, `boundary` lets it reach its next boundary first.
 */
export const CancelMode = z.enum(["interrupt", "rollback", "boundary"]);
/** See {@link CancelMode}. */
export type CancelMode = z.infer<typeof CancelMode>;

/** How one boundary of a run was settled. */
export const RunSettlement = z.enum([
  "completed",
  "failed",
  "cancelled",
  "suspended",
  "superseded",
  "checkpointed",
  "released",
  "rolled_back",
]);
/** See {@link RunSettlement}. */
export type RunSettlement = z.infer<typeof RunSettlement>;

/** Where a run stands. */
export const RunStatus = z.enum(["staged", "waiting", "suspended", "completed", "failed", "cancelled", "superseded"]);
/** See {@link RunStatus}. */
export type RunStatus = z.infer<typeof RunStatus>;

/** Names a run's boundary. */
export interface BoundaryRef {
  readonly runId: RunId;
  readonly sequence: number;
}
