/**
 * What a session reports: facts with stable codes, in the order they became
 * true. An event's `cursor` is dense per session, so that a reader that comes
 * back with its last one misses nothing and sees nothing twice (G12).
 */
import * as z from "zod";
import { ControlVerb } from "./control.ts";
import { InputId, RunId } from "./ids.ts";
import { AbandonReason } from "./outcome.ts";
import { SessionPhase } from "./session.ts";

const Settled = { runId: RunId, position: z.int().positive(), inputIds: z.array(InputId) };
const Admitted = { inputId: InputId, admission: z.int().positive() };

/** The closed set of facts, told apart by `type`. */
export const SessionEvent = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("session.registered"), executor: z.string().optional() }),
  z.strictObject({ type: z.literal("session.revived"), from: SessionPhase, to: SessionPhase }),
  z.strictObject({ type: z.literal("input.admitted"), ...Admitted }),
  z.strictObject({ type: z.literal("input.superseded"), inputId: InputId, by: InputId }),
  z.strictObject({ type: z.literal("input.coalesced"), inputId: InputId, into: InputId }),
  /** Consumed on admission; those that a run consumed are named by `run.completed`. */
  z.strictObject({ type: z.literal("input.consumed"), inputId: InputId }),
  z.strictObject({ type: z.literal("input.abandoned"), inputId: InputId, reason: AbandonReason }),
  z.strictObject({
    type: z.literal("run.started"),
    runId: RunId,
    attempt: z.int().positive(),
    inputIds: z.array(InputId),
  }),
  z.strictObject({ type: z.literal("run.completed"), ...Settled }),
  z.strictObject({ type: z.literal("run.failed"), runId: RunId, code: z.string() }),
  z.strictObject({ type: z.literal("run.cancelled"), ...Settled }),
  z.strictObject({ type: z.literal("run.lost"), runId: RunId }),
  z.strictObject({ type: z.literal("run.released"), runId: RunId }),
  z.strictObject({
    type: z.literal("session.phase_changed"),
    verb: ControlVerb,
    from: SessionPhase,
    to: SessionPhase,
  }),
  /** What was sent as one input, or under its key, is the other and was not admitted again. */
  z.strictObject({ type: z.literal("input.deduplicated"), inputId: InputId, existingId: InputId }),
]);
/** See {@link SessionEvent}. */
export type SessionEvent = z.infer<typeof SessionEvent>;

/** An event on its way to a reader. */
export const EventEnvelope = z.strictObject({
  /** Dense per session, from 1; `Last-Event-ID` of the stream. */
  cursor: z.int().positive(),
  at: z.iso.datetime(),
  sessionId: z.string(),
  event: SessionEvent,
});
/** See {@link EventEnvelope}. */
export type EventEnvelope = z.infer<typeof EventEnvelope>;
