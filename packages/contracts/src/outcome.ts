import * as z from "zod";
import { InputId, RunId } from "./ids.ts";

/** Where an input stands. The last four are terminal. */
export const InputStatus = z.enum([
  "queued",
  "staged",
  "applied_pending",
  "consumed",
  "superseded",
  "coalesced",
  "abandoned",
]);
/** See {@link InputStatus}. */
export type InputStatus = z.infer<typeof InputStatus>;

/** Where an input has been: its statuses, and the two that are over within one step of the store. */
export const InputStep = z.enum(["accepted", "applied", ...InputStatus.options]);
/** See {@link InputStep}. */
export type InputStep = z.infer<typeof InputStep>;

/** One step an input has made. */
export interface InputHistoryEntry {
  /** Epoch milliseconds of the store. */
  readonly at: number;
  readonly from: InputStep;
  readonly to: InputStep;
  /** What made it move, in words for people. */
  readonly reason: string;
}

/** Why an input ended without being consumed. */
export const AbandonReason = z.enum([
  "retired",
  "reset",
  "stopped",
  "destroyed",
  "cancelled",
  "max_attempts_exhausted",
  "executor_lost",
  "dropped",
  "expired",
  "unregistered",
  "executor_not_progressing",
]);
/** See {@link AbandonReason}. */
export type AbandonReason = z.infer<typeof AbandonReason>;

/** What a failed attempt said: a code for programs, a message for people. */
export const FailureReport = z.strictObject({ code: z.string(), message: z.string() });
/** See {@link FailureReport}. */
export type FailureReport = z.infer<typeof FailureReport>;

/**
 * How an input ended; exactly one per input (G1), the same in every process
 * and at any later time while the input is retained (G9).
 */
export const Outcome = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("completed"),
    runId: RunId,
    /** The receipt's place among the session's receipts. */
    position: z.int().positive(),
    output: z.json(),
  }),
  z.strictObject({
    kind: z.literal("completed_without_result"),
    runId: RunId.optional(),
    position: z.int().positive().optional(),
  }),
  /** The run stopped at a tool that the caller must call; what it answers comes as a new input. */
  z.strictObject({
    kind: z.literal("callback_pending"),
    runId: RunId,
    position: z.int().positive(),
    toolName: z.string(),
    args: z.json(),
  }),
  /** The run was asked to end and did. With a receipt it says which; a rollback leaves none. */
  z.strictObject({
    kind: z.literal("cancelled"),
    runId: RunId.optional(),
    position: z.int().positive().optional(),
    attempts: z.int().nonnegative(),
  }),
  z.strictObject({ kind: z.literal("superseded"), by: InputId }),
  z.strictObject({ kind: z.literal("coalesced"), into: InputId }),
  z.strictObject({
    kind: z.literal("abandoned"),
    reason: AbandonReason,
    attempts: z.int().nonnegative(),
    failure: FailureReport.optional(),
  }),
]);
/** See {@link Outcome}. */
export type Outcome = z.infer<typeof Outcome>;
