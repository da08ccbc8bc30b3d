/**
 * The HTTP API: every route once.
 *
 * The server binds handlers to it, the description (OpenAPI) is generated from
 * it, and clients take their types from it.
 *
 *   A1  Each route has exactly one handler, bound by name.
 *   A2  Each error a route answers with is a problem document whose code is
 *       among its `problems` or `COMMON_PROBLEMS`.
 *   A3  Each success has one of the statuses of `responses`, in the form given there.
 */
import * as z from "zod";
import { AckLevel } from "./acknowledgement.ts";
import { ControlReport, ControlVerb } from "./control.ts";
import { CONTROL_ROUTES } from "./control-routes.ts";
import { DEAD_LETTER_ROUTES } from "./dead-letter-routes.ts";
import type { ErrorCode } from "./errors/registry.ts";
import { Explanation } from "./explanation.ts";
import { IdempotencyKey, InputId, RequestId, RunId, SessionId } from "./ids.ts";
import { NewInput } from "./input.ts";
import { Labels } from "./label.ts";
import { Outcome } from "./outcome.ts";
import { Receipt } from "./receipt.ts";
import {
  InputResource,
  InputStateResource,
  pageOf,
  Readiness,
  SentInput,
  SessionResource,
  StateResource,
  WorkerResource,
} from "./resources.ts";
import type { Route } from "./route.ts";
import {
  command,
  flag,
  integer,
  labelText,
  limit,
  none,
  noQuery,
  ofBody,
  ofControl,
  ofSession,
  page,
  position,
  requestHeaders,
  requestIdHeader,
  session,
  tenantPage,
  wait,
} from "./route-parts.ts";
import { EventEnvelope } from "./runtime-event.ts";
import { SCHEDULE_ROUTES } from "./schedule-routes.ts";
import { Binding, SessionSettings } from "./session.ts";
import { STREAM_ROUTES } from "./stream-routes.ts";
import { structuredString } from "./structured-string.ts";
import { WORK_ROUTES } from "./work-routes.ts";

/** Fields that name something: a fault in one is `id.invalid`, in any other `request.invalid`. */
export const ID_FIELDS: readonly string[] = [
  "sessionId",
  "inputId",
  "runId",
  "deliveryId",
  "scheduleId",
  "requestId",
  "key",
  "idempotency-key",
];

/** Codes that any route may answer with. */
export const COMMON_PROBLEMS = [
  "request.invalid",
  "store.unavailable",
  "store.corrupt",
  "internal.bug",
] as const satisfies readonly ErrorCode[];

/** The route table. */
export const ROUTES = {
  ...CONTROL_ROUTES,
  ...WORK_ROUTES,
  ...SCHEDULE_ROUTES,
  ...DEAD_LETTER_ROUTES,
  ...STREAM_ROUTES,
  ensureSession: {
    method: "PUT",
    path: "/v1/sessions/{sessionId}",
    summary: "Creates a session or finds it; binds it when a binding is given; revives a stopped one.",
    params: session,
    query: noQuery,
    headers: none,
    body: z
      .strictObject({ binding: Binding.optional(), settings: SessionSettings.optional(), labels: Labels.optional() })
      .prefault({})
      .describe("Empty registers the session without binding it."),
    responses: { 200: SessionResource },
    problems: [
      "id.invalid",
      "session.destroyed",
      "session.unregistering",
      "session.torn",
      "control.refused",
      "label.invalid",
      ...ofBody,
    ],
  },
  listSessions: {
    method: "GET",
    path: "/v1/sessions",
    summary: "A page of sessions in a stable order, without destroyed ones.",
    params: none,
    query: tenantPage.extend({
      label: labelText.optional().describe("Only sessions with this label, as `name=value`."),
    }),
    headers: none,
    body: null,
    responses: {
      200: z.object({ items: z.array(z.object({ sessionId: SessionId })), next: z.string().nullable() }),
    },
    problems: [],
  },
  getSession: {
    method: "GET",
    path: "/v1/sessions/{sessionId}",
    summary: "One session.",
    params: session,
    query: noQuery,
    headers: none,
    body: null,
    responses: { 200: SessionResource },
    problems: ofSession,
  },
  sendInput: {
    method: "POST",
    path: "/v1/sessions/{sessionId}/inputs",
    summary: "Admits an input once; can create the session and can wait for the outcome.",
    params: session,
    query: z.strictObject({
      executor: Binding.shape.executor
        .optional()
        .describe("Creates a missing session bound to this executor; an existing one keeps its binding."),
      wait: wait.describe("Seconds to wait for the outcome; afterwards the answer comes without it."),
      wake: flag.default(true).describe("`false` keeps the input for the next turn without waking the session."),
    }),
    headers: z.object({
      "idempotency-key": structuredString(IdempotencyKey)
        .optional()
        .describe("Same as the body's idempotencyKey; quoted or bare. For text beyond ASCII use the body."),
      "holdfast-minimum-ack": AckLevel.optional().describe("Refuses unless the store acknowledges at this level."),
    }),
    body: NewInput,
    isBodyCheckedByRuntime: true,
    responses: { 202: SentInput, 200: SentInput },
    responseHeaders: { "idempotency-replayed": "`true` with 200: the input was admitted by an earlier request." },
    problems: [
      ...ofSession,
      ...ofBody,
      "input.invalid",
      "input.unknown_kind",
      "input.rejected",
      "idempotency.mismatch",
      "session.not_accepting",
      "session.torn",
      "ack.unsupported",
    ],
  },
  listInputs: {
    method: "GET",
    path: "/v1/sessions/{sessionId}/inputs",
    summary: "A page of inputs in the order of admission.",
    params: session,
    query: page,
    headers: none,
    body: null,
    responses: { 200: pageOf(InputResource) },
    problems: ofSession,
  },
  getInput: {
    method: "GET",
    path: "/v1/sessions/{sessionId}/inputs/{inputId}",
    summary: "One input and where it stands.",
    params: session.extend({ inputId: InputId }),
    query: noQuery,
    headers: none,
    body: null,
    responses: { 200: InputStateResource },
    problems: [...ofSession, "input.not_found"],
  },
  getOutcome: {
    method: "GET",
    path: "/v1/sessions/{sessionId}/inputs/{inputId}/outcome",
    summary: "How an input ended; waits for it when asked to.",
    params: session.extend({ inputId: InputId }),
    query: z.strictObject({ wait }),
    headers: none,
    body: null,
    responses: { 200: Outcome },
    problems: [...ofSession, "input.not_found", "wait.timeout"],
  },
  getOutcomeByKey: {
    method: "GET",
    path: "/v1/sessions/{sessionId}/outcome",
    summary: "How the input that was sent with this idempotency key ended; waits for it when asked to.",
    params: session,
    query: z.strictObject({ key: IdempotencyKey, wait }),
    headers: none,
    body: null,
    responses: { 200: Outcome },
    problems: [...ofSession, "input.not_found", "wait.timeout"],
  },
  getState: {
    method: "GET",
    path: "/v1/sessions/{sessionId}/state",
    summary: "The committed state.",
    params: session,
    query: noQuery,
    headers: none,
    body: null,
    responses: { 200: StateResource },
    problems: ofSession,
  },
  listReceipts: {
    method: "GET",
    path: "/v1/sessions/{sessionId}/receipts",
    summary: "A page of receipts by position.",
    params: session,
    query: page,
    headers: none,
    body: null,
    responses: { 200: pageOf(Receipt) },
    problems: ofSession,
  },
  getReceipt: {
    method: "GET",
    path: "/v1/sessions/{sessionId}/receipts/{runId}/{sequence}",
    summary: "The receipt of one boundary of a run.",
    params: session.extend({ runId: RunId, sequence: integer(1, Number.MAX_SAFE_INTEGER) }),
    query: noQuery,
    headers: none,
    body: null,
    responses: { 200: Receipt },
    problems: [...ofSession, "receipt.not_found", "receipt.expired"],
  },
  listDeadLetters: {
    method: "GET",
    path: "/v1/sessions/{sessionId}/dead-letters",
    summary: "Inputs that ended with their budget spent, oldest first.",
    params: session,
    query: page,
    headers: none,
    body: null,
    responses: { 200: pageOf(InputResource) },
    problems: ofSession,
  },
  redriveDeadLetter: {
    method: "POST",
    path: "/v1/sessions/{sessionId}/dead-letters/{inputId}/redrive",
    summary: "Sends a dead letter again, as an input of its own with a fresh budget, once per request id.",
    params: session.extend({ inputId: InputId }),
    query: noQuery,
    headers: requestHeaders,
    body: z
      .strictObject({
        requestId: RequestId.optional(),
        edit: z
          .record(z.string(), z.json())
          .optional()
          .describe("Fields that replace those of the input; neither its id nor its idempotencyKey."),
      })
      .prefault({}),
    responses: { 200: SentInput },
    responseHeaders: requestIdHeader,
    problems: [
      ...ofSession,
      ...ofBody,
      "input.invalid",
      "input.unknown_kind",
      "input.rejected",
      "input.not_found",
      "input.not_dead_letter",
      "idempotency.mismatch",
      "session.not_accepting",
      "session.torn",
    ],
  },
  discardDeadLetter: {
    method: "POST",
    path: "/v1/sessions/{sessionId}/dead-letters/{inputId}/discard",
    summary: "Takes a dead letter from the list; it stays abandoned.",
    params: session.extend({ inputId: InputId }),
    query: noQuery,
    headers: none,
    body: z.strictObject({}).prefault({}),
    responses: { 204: null },
    problems: [...ofSession, ...ofBody, "input.not_found", "input.not_dead_letter", "session.torn"],
  },
  explainSession: {
    method: "GET",
    path: "/v1/sessions/{sessionId}/explain",
    summary: "What the session waits for, and which verbs are legal.",
    params: session,
    query: noQuery,
    headers: none,
    body: null,
    responses: { 200: Explanation },
    problems: ofSession,
  },
  followEvents: {
    method: "GET",
    path: "/v1/sessions/{sessionId}/events",
    summary: "Events after a cursor: stored ones, then each as it happens; with `accept: application/json` one page.",
    params: session,
    query: z.strictObject({
      after: position.optional().describe("Cursor of the last fact seen, or id of the last event seen."),
      limit,
    }),
    headers: z.object({
      accept: z.string().optional(),
      "last-event-id": position.optional().describe("Id of the last event seen; wins over `after`."),
    }),
    body: null,
    responses: { 200: pageOf(EventEnvelope), 204: null },
    stream: EventEnvelope,
    problems: ofSession,
  },
  controlSession: {
    method: "POST",
    path: "/v1/sessions/{sessionId}/control/{verb}",
    summary: "Applies a verb once per request id.",
    params: session.extend({ verb: ControlVerb.exclude(["interrupt"]) }),
    query: noQuery,
    headers: requestHeaders,
    body: command.prefault({}),
    responses: { 200: ControlReport },
    responseHeaders: requestIdHeader,
    problems: ofControl,
  },
  listWorkers: {
    method: "GET",
    path: "/v1/workers",
    summary: "Workers that are there, and what they host.",
    params: none,
    query: noQuery,
    headers: none,
    body: null,
    responses: { 200: z.object({ items: z.array(WorkerResource) }) },
    problems: [],
  },
  describeApi: {
    method: "GET",
    path: "/v1/openapi.json",
    summary: "This API as OpenAPI 3.1.",
    params: none,
    query: noQuery,
    headers: none,
    body: null,
    responses: { 200: z.looseObject({ openapi: z.string() }) },
    problems: [],
  },
  getLiveness: {
    method: "GET",
    path: "/livez",
    summary: "Answers while the process does; never asks the store.",
    params: none,
    query: none,
    headers: none,
    body: null,
    responses: { 200: z.object({ isLive: z.literal(true) }) },
    problems: [],
  },
  getReadiness: {
    method: "GET",
    path: "/readyz",
    summary: "Whether this process can serve: the store answers and no shutdown is under way.",
    params: none,
    query: z.object({ verbose: flag.default(false) }),
    headers: none,
    body: null,
    responses: { 200: Readiness, 503: Readiness },
    problems: [],
  },
} as const satisfies Readonly<Record<string, Route>>;

/** See {@link ROUTES}. */
export type Routes = typeof ROUTES;

/** The name of a route; also its operation id. */
export type RouteName = keyof Routes;

/** What a handler gets: every part checked, except a body that the runtime checks. */
export interface RouteRequest<Name extends RouteName> {
  readonly params: z.output<Routes[Name]["params"]>;
  readonly query: z.output<Routes[Name]["query"]>;
  readonly headers: z.output<Routes[Name]["headers"]>;
  readonly body: BodyOf<Routes[Name]>;
}

type BodyOf<R extends Route> = R["body"] extends z.ZodType
  ? R extends { readonly isBodyCheckedByRuntime: true }
    ? z.input<R["body"]>
    : z.output<R["body"]>
  : null;

/** What a route answers when all is well: a status and the body that belongs to it. */
export type RouteSuccess<Name extends RouteName> = SuccessOf<Routes[Name]["responses"]>;

type SuccessOf<Responses> = {
  readonly [Status in keyof Responses]: {
    readonly status: Status;
    readonly body: Responses[Status] extends z.ZodType ? z.input<Responses[Status]> : null;
  };
}[keyof Responses];

/** Every route's name, in the order of the table. */
export const ROUTE_NAMES = Object.keys(ROUTES) as readonly RouteName[];
