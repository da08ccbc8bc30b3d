/** Where an input or a run stands, and who says so: shapes for callers that were not there. */
import * as z from "zod";
import { InputId, NodeId, RunId } from "./ids.ts";
import { AbandonReason, InputStatus, Outcome } from "./outcome.ts";

const time = z.iso.datetime();

/**
 * Whom an answer comes from: a session that a worker holds at this moment, and
 * that may have moved on, or its rows alone.
 */
export const StandingSource = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("live_runtime"), workerId: NodeId }),
  z.strictObject({ kind: z.literal("durable_store") }),
]);
/** See {@link StandingSource}. */
export type StandingSource = z.infer<typeof StandingSource>;

/** Where an input stands. */
export const InteractionStatus = z.strictObject({
  source: StandingSource,
  inputId: InputId,
  /** The key it was sent with. */
  key: z.string().nullable(),
  phase: InputStatus,
  /** Set exactly when it has ended. */
  outcome: Outcome.nullable(),
  /** The run it belongs to, or that it ended in. */
  runId: RunId.nullable(),
  attempts: z.int().nonnegative(),
  admittedAt: time,
  /** When it last moved. */
  updatedAt: time,
});
/** See {@link InteractionStatus}. */
export type InteractionStatus = z.infer<typeof InteractionStatus>;

/** What the witnesses of a run, the inputs that were last in it, say of it. */
// Not a discriminated union: a resolved run is told by two fields.
export const RunResolution = z.union([
  /** One of them has not ended. */
  z.strictObject({ kind: z.literal("in_flight") }),
  /** All have ended; one was consumed, or else one was abandoned, or else others took the place of all. */
  z.strictObject({ kind: z.literal("resolved"), as: z.literal("consumed") }),
  /** The reason of the first that was abandoned, in the order of admission. */
  z.strictObject({ kind: z.literal("resolved"), as: z.literal("abandoned"), reason: AbandonReason }),
  z.strictObject({ kind: z.literal("resolved"), as: z.literal("displaced") }),
  /** No input was last in it: there was no such run, or its inputs went on in others. It has not failed. */
  z.strictObject({ kind: z.literal("no_durable_witness") }),
]);
/** See {@link RunResolution}. */
export type RunResolution = z.infer<typeof RunResolution>;

/** Where a run stands. */
export const RunStanding = z.strictObject({
  source: StandingSource,
  runId: RunId,
  resolution: RunResolution,
  /** Its witnesses, in the order of admission. */
  witnesses: z.array(InputId),
});
/** See {@link RunStanding}. */
export type RunStanding = z.infer<typeof RunStanding>;

/** What has become of the work that an input asks for. */
export const WorkState = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("pending") }),
  z.strictObject({ kind: z.literal("delivered") }),
  z.strictObject({
    kind: z.literal("terminal_without_delivery"),
    reason: z.enum(["superseded", "coalesced", "cancelled", "abandoned"]),
  }),
  /** It is admitted; where it stands could not be read. */
  z.strictObject({ kind: z.literal("unclassified") }),
]);
/** See {@link WorkState}. */
export type WorkState = z.infer<typeof WorkState>;

/** What to do next: wait for the outcome, nothing, send it under a new key, or again under the same. */
export const SubmitAdvice = z.enum(["wait", "done", "resubmit_under_new_key", "retry_under_same_key", "fix_request"]);
/** See {@link SubmitAdvice}. */
export type SubmitAdvice = z.infer<typeof SubmitAdvice>;

/** Whether what was admitted outlives the process that has it. */
export const SubmitDurability = z.enum(["durable", "process_local"]);
/** See {@link SubmitDurability}. */
export type SubmitDurability = z.infer<typeof SubmitDurability>;

const Admitted = { inputId: InputId, durability: SubmitDurability, workState: WorkState };
const Always = { boundMs: z.int().nonnegative(), advice: SubmitAdvice };

/** Why a submission was refused; nothing was admitted. */
export const SubmitRefusal = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("key_conflict"), key: z.string(), inputKey: z.string() }),
  z.strictObject({ kind: z.literal("rejected"), reason: z.string(), detail: z.string() }),
  z.strictObject({ kind: z.literal("error"), code: z.string(), message: z.string() }),
]);
/** See {@link SubmitRefusal}. */
export type SubmitRefusal = z.infer<typeof SubmitRefusal>;

/** What is known of a submission whose answer did not come in time. */
export const SubmitDisposition = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("durably_admitted"), inputId: InputId, workState: WorkState }),
  z.strictObject({ kind: z.literal("unknown"), why: z.enum(["no_witness", "evidence_unavailable"]) }),
]);
/** See {@link SubmitDisposition}. */
export type SubmitDisposition = z.infer<typeof SubmitDisposition>;

/** What a caller saw of its submission within its bound. The bound ends the looking, never the work. */
export const SubmitOutcome = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("admitted"), ...Admitted, ...Always }),
  /** Onto an earlier submission under this key. */
  z.strictObject({ kind: z.literal("collapsed"), ...Admitted, ...Always }),
  z.strictObject({ kind: z.literal("refused"), refusal: SubmitRefusal, ...Always }),
  z.strictObject({
    kind: z.literal("timed_out"),
    cause: z.enum(["bound_expired", "runtime_indeterminate"]),
    disposition: SubmitDisposition,
    ...Always,
  }),
]);
/** See {@link SubmitOutcome}. */
export type SubmitOutcome = z.infer<typeof SubmitOutcome>;
