/**
 * Background operations of a session: child agents and detached tool calls that
 * outlive the turn that began them.
 */
import * as z from "zod";
import type { NodeId, OperationId, WaitId } from "./ids.ts";

/** What an operation is: a child agent that becomes a peer, or a kind of detached work. */
export const OperationKind = z.enum([
  "mob_member_child",
  "background_tool_op",
  "background_tool_capacity_slot",
  "detached_job_wait",
]);
/** See {@link OperationKind}. */
export type OperationKind = z.infer<typeof OperationKind>;

/** Where an operation stands. The last six are terminal. */
export const OperationStatus = z.enum([
  "provisioning",
  "running",
  "retiring",
  "completed",
  "failed",
  "aborted",
  "cancelled",
  "retired",
  "terminated",
]);
/** See {@link OperationStatus}. */
export type OperationStatus = z.infer<typeof OperationStatus>;

const reason = z.string().max(1_024);

/** How an operation ended; `kind` is its terminal status. */
export const OperationOutcome = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("completed"), result: z.json() }),
  z.strictObject({ kind: z.literal("failed"), error: z.string().max(65_536) }),
  z.strictObject({ kind: z.literal("aborted"), reason: reason.optional() }),
  z.strictObject({ kind: z.literal("cancelled"), reason: reason.optional() }),
  z.strictObject({ kind: z.literal("retired") }),
  z.strictObject({ kind: z.literal("terminated"), reason }),
]);
/** See {@link OperationOutcome}. */
export type OperationOutcome = z.infer<typeof OperationOutcome>;

/** What can be asked of an operation, as refusals name it. */
export const OperationAction = z.enum([
  "provision",
  "fail_provisioning",
  "abort_provisioning",
  "report_progress",
  "peer_ready",
  "request_retire",
  "complete",
  "fail",
  "cancel",
  "mark_retired",
  "terminate",
]);
/** See {@link OperationAction}. */
export type OperationAction = z.infer<typeof OperationAction>;

/** How many operations a session may have, and how many ended ones it keeps. */
export const OperationLimits = z.strictObject({
  /** Most that are not terminal at a time; absent means any number. */
  maxConcurrent: z.int().positive().optional(),
  /** Ended operations that are kept, beside those somebody waits for. */
  maxCompleted: z.int().nonnegative().max(10_000).default(256),
});
/** See {@link OperationLimits}. */
export type OperationLimits = z.infer<typeof OperationLimits>;

/** What an operation is registered with. */
export const OperationSpec = z.strictObject({
  kind: OperationKind,
  displayName: z.string().min(1).max(256),
  /** Session of a child agent. */
  childSessionId: z.string().min(1).max(256).optional(),
});
/** See {@link OperationSpec}. */
export type OperationSpec = z.infer<typeof OperationSpec>;

/** An operation at one moment. Times are epoch milliseconds of the store's clock. */
export interface OperationSnapshot {
  readonly operationId: OperationId;
  readonly kind: OperationKind;
  readonly displayName: string;
  readonly status: OperationStatus;
  /** The process it lives and dies with: the one that registered it or reported of it last. */
  readonly owner: NodeId;
  readonly isPeerReady: boolean;
  readonly progressCount: number;
  /** Those who wait for its end, in all processes. */
  readonly watcherCount: number;
  /** Set exactly when the status is terminal. */
  readonly outcome: OperationOutcome | null;
  readonly childSessionId: string | null;
  /** How to reach a child agent; JSON of whoever reported it. */
  readonly peerHandle: unknown;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly completedAt: number | null;
  /** From its start, or its registration if it never started, to its end or to now. */
  readonly elapsedMs: number;
}

/** An entry of the feed of a session's ended operations. */
export interface OperationCompletion {
  /** From 1, dense within an epoch. */
  readonly seq: number;
  readonly operationId: OperationId;
  readonly kind: OperationKind;
  readonly displayName: string;
  readonly outcome: OperationOutcome;
  /** Epoch milliseconds of the store's clock. */
  readonly completedAt: number;
}

/** What follows a cursor, and where the feed stands, of one moment. */
export interface CompletionPage {
  readonly entries: readonly OperationCompletion[];
  /** Sequence of the last completion there is; 0 before the first. */
  readonly watermark: number;
  /**
   * Entries up to here are gone. A reader whose cursor is before it has missed
   * some, and must read the operations again instead of going on.
   */
  readonly droppedThrough: number;
}

/** How far somebody has come in the feed of an epoch; none of them ever goes back. */
export interface OperationCursors {
  /** What the agent has shown to its model. */
  readonly agentApplied: number;
  /** What the runtime has looked at. */
  readonly runtimeObserved: number;
  /** What the runtime has woken the session for. */
  readonly runtimeLastInjected: number;
}

/** How all operations of a wait ended, in the order they were asked for. */
export interface WaitAllResult {
  readonly waitId: WaitId;
  readonly outcomes: readonly { readonly operationId: OperationId; readonly outcome: OperationOutcome }[];
}
