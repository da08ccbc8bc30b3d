/**
 * What the API shows: the wire form of sessions, inputs, workers and problems.
 *
 * Times are ISO 8601 and end in `At`. The tenant is never shown, because a
 * caller has exactly one. Objects are open: a reader must ignore fields that it
 * does not know.
 */
import * as z from "zod";
import { Ack } from "./acknowledgement.ts";
import { Admission } from "./admission.ts";
import { ControlVerb } from "./control.ts";
import type { Problem } from "./errors/app-error.ts";
import { ERRORS, type ErrorCode } from "./errors/registry.ts";
import { InputId, NodeId, RunId, SessionId } from "./ids.ts";
import { NewInput } from "./input.ts";
import { Labels } from "./label.ts";
import { FailureReport, InputStatus, InputStep, Outcome } from "./outcome.ts";
import { PolicyDecision } from "./policy.ts";
import { Binding, SessionPhase, SessionSettings, SessionState } from "./session.ts";

const count = z.int().nonnegative();
const time = z.iso.datetime({ offset: true });

/** A session, with what it would accept next. */
export const SessionResource = z.object({
  sessionId: SessionId,
  phase: SessionPhase,
  state: SessionState,
  generation: count,
  binding: Binding.nullable(),
  settings: SessionSettings,
  settingsRevision: count,
  labels: Labels,
  /** Inputs admitted since the session exists. */
  admitted: count,
  queued: count,
  scheduled: count,
  position: count,
  digest: z.string(),
  /** The last event's cursor: follow from here to see only what is new. */
  cursor: count,
  deadLetters: count,
  legalVerbs: z.array(ControlVerb),
});
/** See {@link SessionResource}. */
export type SessionResource = z.infer<typeof SessionResource>;

/** An input with where it stands; `outcome` is set exactly when it is terminal. */
export const InputResource = z.object({
  inputId: InputId,
  admission: z.int().positive(),
  status: InputStatus,
  policy: PolicyDecision,
  attempts: count,
  failures: count,
  losses: count,
  runId: RunId.nullable(),
  /** Earliest time of the next attempt; `null` for at once. */
  notBeforeAt: time.nullable(),
  admittedAt: time,
  failure: FailureReport.nullable(),
  outcome: Outcome.nullable(),
  input: z.intersection(NewInput, z.object({ id: InputId, timestamp: time })),
});
/** See {@link InputResource}. */
export type InputResource = z.infer<typeof InputResource>;

/** An input with every step it has made, in order. */
export const InputStateResource = InputResource.extend({
  history: z.array(z.object({ at: time, from: InputStep, to: InputStep, reason: z.string() })),
});
/** See {@link InputStateResource}. */
export type InputStateResource = z.infer<typeof InputStateResource>;

/** The answer to a sent input; `outcome` is there when it is known. */
export const SentInput = z.object({ admission: Admission, outcome: Outcome.optional() });
/** See {@link SentInput}. */
export type SentInput = z.infer<typeof SentInput>;

/** The committed state of a session; `null` before the first commit. */
export const StateResource = z.object({ state: z.unknown(), position: count });
/** See {@link StateResource}. */
export type StateResource = z.infer<typeof StateResource>;

/** A worker process and what it hosts. */
export const WorkerResource = z.object({
  node: NodeId,
  executors: z.array(z.object({ name: z.string(), version: z.string() })),
  concurrency: z.int().positive(),
  startedAt: time,
  seenAt: time,
});
/** See {@link WorkerResource}. */
export type WorkerResource = z.infer<typeof WorkerResource>;

/** Whether this process can serve. `store` is told only when asked for. */
export const Readiness = z.object({
  isReady: z.boolean(),
  isDraining: z.boolean(),
  store: z
    .discriminatedUnion("isReachable", [
      z.object({ isReachable: z.literal(true), ack: Ack, description: z.string() }),
      z.object({ isReachable: z.literal(false), code: z.string() }),
    ])
    .optional(),
});
/** See {@link Readiness}. */
export type Readiness = z.infer<typeof Readiness>;

/** RFC 9457 problem details with a stable code; the body of every error. */
export const ProblemDocument = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]),
  isRetryable: z.boolean(),
  details: z.record(z.string(), z.unknown()).readonly().exactOptional(),
}) satisfies z.ZodType<Problem>;

/**
 * A page; pass `next` as `after` to go on, `null` is the end. `corrupt` has the ids of what
 * stands on the page and cannot be read; it is absent when all of it can.
 */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), next: count.nullable(), corrupt: z.array(z.string()).exactOptional() });
}
