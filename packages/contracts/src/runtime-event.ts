/**
 * What a session reports to readers: events with stable codes (`type`), each in
 * one category, told from the facts that the ledger keeps.
 *
 * One fact may be told as several events: that a run was committed is also that
 * each of its inputs was applied and consumed. They share the fact's cursor and
 * are told apart by their place in it.
 */
import * as z from "zod";
import { ControlVerb } from "./control.ts";
import { TOLD_FACTS } from "./event.ts";
import { InputId, RunId, SessionId } from "./ids.ts";
import { InputStatus } from "./outcome.ts";
import { SessionPhase } from "./session.ts";

const OfInput = { inputId: InputId };
const OfRun = { inputId: InputId, runId: RunId };

/** The closed set of events, told apart by `type`. */
export const RuntimeEvent = z.discriminatedUnion("type", [
  ...TOLD_FACTS,
  z.strictObject({ type: z.literal("input.accepted"), ...OfInput, admission: z.int().positive() }),
  z.strictObject({ type: z.literal("input.queued"), ...OfInput }),
  z.strictObject({ type: z.literal("input.staged"), ...OfRun }),
  /** What the run did with it is durable. */
  z.strictObject({ type: z.literal("input.applied"), ...OfRun }),
  /** By a run, or, without one, on admission. */
  z.strictObject({ type: z.literal("input.consumed"), ...OfInput, runId: RunId.optional() }),
  /** Back to where it was: its attempt was lost, failed or handed back, and it is tried again. */
  z.strictObject({ type: z.literal("input.state_transitioned"), ...OfInput, from: InputStatus, to: InputStatus }),
  /** A verb was applied, whether or not it moved the phase; `register` revives what was stopped. */
  z.strictObject({
    type: z.literal("runtime.state_changed"),
    by: z.enum([...ControlVerb.options, "register"]),
    from: SessionPhase,
    to: SessionPhase,
  }),
  /** From now on every worker that hosts the executor may run the session. */
  z.strictObject({ type: z.literal("runtime.bound"), executor: z.string() }),
  z.strictObject({ type: z.literal("topology.runtime_created"), sessionId: SessionId }),
  z.strictObject({ type: z.literal("topology.runtime_retired"), sessionId: SessionId }),
  z.strictObject({ type: z.literal("topology.runtime_recycled"), sessionId: SessionId }),
  z.strictObject({ type: z.literal("topology.runtime_destroyed"), sessionId: SessionId }),
  /** What stands before this cursor is not told: it was trimmed, or passed over for a reader that was too slow. */
  z.strictObject({ type: z.literal("events.truncated"), before: z.int().positive() }),
]);
/** See {@link RuntimeEvent}. */
export type RuntimeEvent = z.infer<typeof RuntimeEvent>;

/** Which part of a session an event is about. */
export const EventCategory = z.enum([
  "input_lifecycle",
  "run_lifecycle",
  "runtime_state_change",
  "topology",
  "projection",
  "stream",
  "caller",
]);
/** See {@link EventCategory}. */
export type EventCategory = z.infer<typeof EventCategory>;

/** Categories by what the code of an event begins with. */
const CATEGORIES: Readonly<Record<string, EventCategory>> = {
  input: "input_lifecycle",
  run: "run_lifecycle",
  runtime: "runtime_state_change",
  topology: "topology",
  events: "stream",
  caller: "caller",
};

/** The category of an event. */
export function categoryOf(type: RuntimeEvent["type"]): EventCategory {
  if (type === "runtime.projection_emitted") return "projection";
  return CATEGORIES[type.slice(0, type.indexOf("."))] ?? "runtime_state_change";
}

/** Names an event within its session: the cursor of its fact, a dot, its place among the events of that fact. */
export const EventId = z.string().regex(/^\d{1,15}\.\d{1,6}$/);
/** See {@link EventId}. */
export type EventId = z.infer<typeof EventId>;

/** Where a reader goes on: after everything up to a cursor, or after one event. */
export type EventPosition = number | EventId;

/** An event on its way to a reader. */
export const EventEnvelope = z.strictObject({
  /** Unique in the session and in order; `Last-Event-ID` of the stream. */
  id: EventId,
  /** Cursor of the fact it was told from; dense per session, from 1. */
  cursor: z.int().positive(),
  at: z.iso.datetime(),
  sessionId: z.string(),
  category: EventCategory,
  event: RuntimeEvent,
  /** As the sender of the input named it; for a run, what all of its inputs share. */
  correlationId: z.string().optional(),
  /** The event that this one followed from. */
  causationId: EventId.optional(),
});
/** See {@link EventEnvelope}. */
export type EventEnvelope = z.infer<typeof EventEnvelope>;
