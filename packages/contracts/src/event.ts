/**
 * What a session keeps of its history: facts in the order they became true, one
 * row each. A fact's `cursor` is dense per session, so that a reader that comes
 * back with its last one misses nothing and sees nothing twice (G12). Readers are
 * told facts as events, see `RuntimeEvent`.
 */
import * as z from "zod";
import { ControlVerb } from "./control.ts";
import { InputId, OperationId, RunId } from "./ids.ts";
import { OperationKind, OperationStatus } from "./operation.ts";
import { AbandonReason } from "./outcome.ts";
import { SessionPhase } from "./session.ts";
import { Obligation, ObligationStatus } from "./unregister.ts";

const Settled = { runId: RunId, position: z.int().positive(), inputIds: z.array(InputId) };

/** Inputs that end with their run and were applied by earlier boundaries of it; absent for none. */
const Earlier = { applied: z.array(InputId).optional() };

/** Inputs of an ended attempt that are tried again. */
const Requeued = { requeued: z.array(InputId) };

/** Facts that are told as other events than they are kept as. */
const RETOLD = [
  z.strictObject({ type: z.literal("session.registered"), executor: z.string().optional() }),
  z.strictObject({ type: z.literal("session.bound"), executor: z.string() }),
  z.strictObject({ type: z.literal("session.revived"), from: SessionPhase, to: SessionPhase }),
  z.strictObject({
    type: z.literal("session.phase_changed"),
    verb: ControlVerb,
    from: SessionPhase,
    to: SessionPhase,
  }),
  /** With `isConsumed`, on admission: no run will have it. */
  z.strictObject({
    type: z.literal("input.admitted"),
    inputId: InputId,
    admission: z.int().positive(),
    isConsumed: z.literal(true).optional(),
  }),
] as const;

/** Facts that are told as they are, after or before what follows from them. */
export const TOLD_FACTS = [
  z.strictObject({ type: z.literal("input.deduplicated"), inputId: InputId, existingId: InputId }),
  z.strictObject({ type: z.literal("input.superseded"), inputId: InputId, by: InputId }),
  z.strictObject({ type: z.literal("input.coalesced"), inputId: InputId, into: InputId }),
  z.strictObject({ type: z.literal("input.abandoned"), inputId: InputId, reason: AbandonReason }),
  z.strictObject({
    type: z.literal("run.started"),
    runId: RunId,
    attempt: z.int().positive(),
    inputIds: z.array(InputId),
  }),
  z.strictObject({ type: z.literal("run.completed"), ...Settled, ...Earlier }),
  /** The executor said so; what is not requeued has ended. */
  z.strictObject({ type: z.literal("run.failed"), runId: RunId, code: z.string(), ...Requeued }),
  z.strictObject({ type: z.literal("run.cancelled"), ...Settled, ...Earlier }),
  /** Asked to end without a trace: no receipt, no state. */
  z.strictObject({ type: z.literal("run.rolled_back"), runId: RunId, inputIds: z.array(InputId), ...Earlier }),
  /** The budget of a run is spent of which boundaries are committed: what they applied is consumed. */
  z.strictObject({ type: z.literal("run.exhausted"), runId: RunId, inputIds: z.array(InputId) }),
  /** Inputs joined a run in progress. */
  z.strictObject({ type: z.literal("run.steered"), runId: RunId, inputIds: z.array(InputId) }),
  /** An inner boundary: these inputs are applied and end with the run. */
  z.strictObject({ type: z.literal("run.checkpointed"), ...Settled }),
  z.strictObject({ type: z.literal("run.suspended"), ...Settled }),
  z.strictObject({ type: z.literal("run.resumed"), runId: RunId }),
  z.strictObject({ type: z.literal("run.superseded"), ...Settled, by: InputId, ...Earlier }),
  /** Nothing was seen of the run for a long time. */
  z.strictObject({ type: z.literal("run.stalled"), runId: RunId, silentMs: z.int().nonnegative() }),
  z.strictObject({ type: z.literal("run.lost"), runId: RunId, ...Requeued }),
  z.strictObject({ type: z.literal("run.released"), runId: RunId, ...Requeued }),
  /** Its outcome is in the completion feed, under `seq`. */
  z.strictObject({
    type: z.literal("operation.ended"),
    operationId: OperationId,
    kind: OperationKind,
    status: OperationStatus,
    seq: z.int().positive(),
  }),
  /** A rule made an input out of an event. */
  z.strictObject({
    type: z.literal("runtime.projection_emitted"),
    ruleId: z.string(),
    projectedInputId: InputId,
    sourceEventId: z.string(),
  }),
  /** A dead letter was sent again, as an input of its own. */
  z.strictObject({ type: z.literal("input.redriven"), inputId: InputId, by: InputId }),
  /** A dead letter was taken from the list; it stays abandoned. */
  z.strictObject({ type: z.literal("input.discarded"), inputId: InputId }),
  /** The session has work and no worker hosts its executor in one of its versions: somebody must start one. */
  z.strictObject({ type: z.literal("runtime.unhosted"), executor: z.string(), versions: z.string().optional() }),
  /** A caller said so. */
  z.strictObject({ type: z.literal("caller.event"), name: z.string(), payload: z.json() }),
  /** Begun once: every obligation that is open is asked of whoever owes it. */
  z.strictObject({ type: z.literal("session.unregistering"), from: SessionPhase, open: z.array(Obligation) }),
  z.strictObject({
    type: z.literal("session.obligation_closed"),
    obligation: Obligation,
    status: ObligationStatus.exclude(["open"]),
  }),
  /** What was left of its work ended. */
  z.strictObject({ type: z.literal("session.work_abandoned"), inputs: z.int().nonnegative() }),
  /** The session is in no directory any more; registering it again goes on with its ledger. */
  z.strictObject({ type: z.literal("session.unregistered") }),
] as const;

/** The closed set of facts, told apart by `type`. */
export const SessionEvent = z.discriminatedUnion("type", [...RETOLD, ...TOLD_FACTS]);
/** See {@link SessionEvent}. */
export type SessionEvent = z.infer<typeof SessionEvent>;
