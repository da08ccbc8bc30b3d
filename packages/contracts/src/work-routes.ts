/** Routes of whoever hands work to sessions and asks what became of it; part of the route table. */
import * as z from "zod";
import { Delivery, DeliveryDisposition, DeliveryId, DeliverySubmission } from "./delivery.ts";
import { IdempotencyKey, InputId, RequestId, RunId } from "./ids.ts";
import { NewInput } from "./input.ts";
import { OperationCompletionResource, OperationResource } from "./operation-resource.ts";
import { pathSegment } from "./path-segment.ts";
import type { Route } from "./route.ts";
import {
  integer,
  limit,
  MAX_WAIT_SECONDS,
  none,
  noQuery,
  ofBody,
  ofInbox,
  ofSession,
  page,
  requestHeaders,
  requestIdHeader,
  session,
} from "./route-parts.ts";
import { Binding } from "./session.ts";
import { InteractionStatus, RunStanding, SubmitOutcome } from "./standing.ts";
import { structuredString } from "./structured-string.ts";

const delivery = session.extend({ deliveryId: pathSegment(DeliveryId) });
const sequence = z.object({ sequence: z.int().positive() });

/** See {@link ROUTES}. */
export const WORK_ROUTES = {
  submitInput: {
    method: "POST",
    path: "/v1/sessions/{sessionId}/submissions",
    summary: "Submits an input under a key, and answers within a bound with what is known and what to do next.",
    params: session,
    query: z.strictObject({
      executor: Binding.shape.executor.optional().describe("Creates a missing session bound to this executor."),
      boundMs: integer(0, MAX_WAIT_SECONDS * 1_000)
        .optional()
        .describe("Milliseconds until the answer, 30,000 by default; 0 answers from what the store can testify."),
    }),
    headers: z.object({
      "idempotency-key": structuredString(IdempotencyKey)
        .optional()
        .describe("Same as the body's idempotencyKey. One of the two is needed."),
    }),
    body: NewInput,
    isBodyCheckedByRuntime: true,
    responses: { 200: SubmitOutcome },
    problems: ["id.invalid", ...ofBody],
  },
  getInteraction: {
    method: "GET",
    path: "/v1/sessions/{sessionId}/inputs/{inputId}/interaction",
    summary: "Where an input stands and who says so, also for a session that is not registered.",
    params: session.extend({ inputId: InputId }),
    query: noQuery,
    headers: none,
    body: null,
    responses: { 200: InteractionStatus },
    problems: ["id.invalid", "input.not_found"],
  },
  getInteractionByKey: {
    method: "GET",
    path: "/v1/sessions/{sessionId}/interaction",
    summary: "Where the input that was sent with exactly this idempotency key stands.",
    params: session,
    query: z.strictObject({ key: IdempotencyKey }),
    headers: none,
    body: null,
    responses: { 200: InteractionStatus },
    problems: ["id.invalid", "input.not_found"],
  },
  getRunStatus: {
    method: "GET",
    path: "/v1/sessions/{sessionId}/runs/{runId}",
    summary: "Where a run stands, by the inputs that were last in it; a run without any has not failed.",
    params: session.extend({ runId: RunId }),
    query: noQuery,
    headers: none,
    body: null,
    responses: { 200: RunStanding },
    problems: ["id.invalid"],
  },
  resumeRun: {
    method: "POST",
    path: "/v1/sessions/{sessionId}/runs/{runId}/resume",
    summary: "Lets a suspended run go on with a value, once per request id.",
    params: session.extend({ runId: RunId }),
    query: noQuery,
    headers: requestHeaders,
    body: z
      .strictObject({
        requestId: RequestId.optional(),
        value: z.json().optional().describe("What the run finds as the value it waited for."),
      })
      .prefault({}),
    responses: { 200: z.object({ runId: RunId }) },
    responseHeaders: requestIdHeader,
    problems: [...ofSession, ...ofBody, "run.not_suspended", "idempotency.mismatch", "session.torn"],
  },
  submitDelivery: {
    method: "POST",
    path: "/v1/sessions/{sessionId}/deliveries",
    summary: "Commits a delivery to the session's inbox once; the session need not exist.",
    params: session,
    query: noQuery,
    headers: none,
    body: DeliverySubmission,
    isBodyCheckedByRuntime: true,
    responses: { 200: sequence.extend({ isDeduplicated: z.boolean() }) },
    problems: [...ofInbox, ...ofBody, "delivery.invalid", "delivery.conflict"],
  },
  listPendingDeliveries: {
    method: "GET",
    path: "/v1/sessions/{sessionId}/deliveries",
    summary: "The next deliveries that were not applied, in sequence, and how far the inbox is.",
    params: session,
    query: z.strictObject({ limit }),
    headers: none,
    body: null,
    responses: {
      200: z.object({
        items: z.array(Delivery),
        applied: z.int().nonnegative(),
        committed: z.int().nonnegative(),
      }),
    },
    problems: ofInbox,
  },
  getDelivery: {
    method: "GET",
    path: "/v1/sessions/{sessionId}/deliveries/{deliveryId}",
    summary: "One delivery and what became of it.",
    params: delivery,
    query: noQuery,
    headers: none,
    body: null,
    responses: { 200: Delivery },
    problems: [...ofInbox, "delivery.not_found"],
  },
  markDeliveryApplied: {
    method: "POST",
    path: "/v1/sessions/{sessionId}/deliveries/{deliveryId}/applied",
    summary: "Moves the inbox over its next delivery, for whoever applies deliveries by itself.",
    params: delivery,
    query: noQuery,
    headers: none,
    body: z.strictObject({ disposition: DeliveryDisposition.optional() }).prefault({}),
    responses: { 200: sequence },
    problems: [...ofInbox, ...ofBody, "delivery.not_found", "delivery.out_of_order"],
  },
  listOperations: {
    method: "GET",
    path: "/v1/sessions/{sessionId}/operations",
    summary: "Every background operation in progress or kept, in order of registration.",
    params: session,
    query: noQuery,
    headers: none,
    body: null,
    responses: { 200: z.object({ items: z.array(OperationResource) }) },
    problems: ofSession,
  },
  listCompletions: {
    method: "GET",
    path: "/v1/sessions/{sessionId}/completions",
    summary: "Background operations that ended after a cursor; one before `droppedThrough` has missed some.",
    params: session,
    query: page,
    headers: none,
    body: null,
    responses: {
      200: z.object({
        items: z.array(OperationCompletionResource),
        watermark: z.int().nonnegative(),
        droppedThrough: z.int().nonnegative(),
      }),
    },
    problems: ofSession,
  },
} as const satisfies Readonly<Record<string, Route>>;
