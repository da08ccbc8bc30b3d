/** Routes of operators beside the verbs of one session; part of the route table. */
import * as z from "zod";
import { CallerEvent } from "./caller-event.ts";
import { ControlReport, ControlVerb } from "./control.ts";
import { RequestId, RunId } from "./ids.ts";
import { Label, LabelledResult, LabelProgress, Labels } from "./label.ts";
import type { Route } from "./route.ts";
import {
  command,
  none,
  noQuery,
  ofBody,
  ofControl,
  ofSession,
  requestHeaders,
  requestIdHeader,
  session,
} from "./route-parts.ts";
import { Obligation, ObligationAnswer, UnregisterReport } from "./unregister.ts";
import { Verification } from "./verification.ts";

/** See {@link ROUTES}. */
export const CONTROL_ROUTES = {
  interruptRun: {
    method: "POST",
    path: "/v1/sessions/{sessionId}/interrupt",
    summary: "Ends the current run, or the named one if it is the current one.",
    params: session,
    query: noQuery,
    headers: requestHeaders,
    body: command
      .extend({
        runId: RunId.optional(),
        at: z.enum(["now", "boundary"]).optional().describe("`boundary` lets it commit its next boundary first."),
        isRolledBack: z
          .boolean()
          .optional()
          .describe("It leaves neither receipt nor state, but for boundaries it has committed."),
      })
      .prefault({}),
    responses: { 200: ControlReport },
    responseHeaders: requestIdHeader,
    problems: [...ofControl, "run.not_current"],
  },
  controlByLabel: {
    method: "POST",
    path: "/v1/control/{verb}",
    summary: "Applies a verb to every session of a label, and says what it refused; repeat it to take it up again.",
    params: z.object({ verb: ControlVerb.exclude(["interrupt"]) }),
    query: noQuery,
    headers: requestHeaders,
    body: command.extend({ label: Label }),
    responses: { 200: LabelProgress.extend({ refusals: z.array(LabelledResult) }) },
    responseHeaders: requestIdHeader,
    problems: ["id.invalid", "label.invalid", ...ofBody],
  },
  setLabels: {
    method: "PUT",
    path: "/v1/sessions/{sessionId}/labels",
    summary: "Replaces the labels of a session.",
    params: session,
    query: noQuery,
    headers: none,
    body: Labels,
    responses: { 200: z.object({ labels: Labels }) },
    problems: [...ofSession, ...ofBody, "label.invalid", "session.torn"],
  },
  publishEvent: {
    method: "POST",
    path: "/v1/sessions/{sessionId}/events",
    summary: "Appends an event of the caller to those of the session, once per request id.",
    params: session,
    query: noQuery,
    headers: requestHeaders,
    body: z.strictObject({ ...CallerEvent.shape, requestId: RequestId.optional() }),
    responses: { 200: z.object({ cursor: z.int().positive(), isRepeat: z.boolean() }) },
    responseHeaders: requestIdHeader,
    problems: [...ofSession, ...ofBody, "event.invalid", "idempotency.mismatch", "session.torn"],
  },
  unregisterSession: {
    method: "POST",
    path: "/v1/sessions/{sessionId}/unregister",
    summary: "Removes a session: waits for its run, ends what is left, and keeps its ledger for when it comes back.",
    params: session,
    query: noQuery,
    headers: requestHeaders,
    body: z
      .strictObject({
        requestId: RequestId.optional(),
        force: z.boolean().optional().describe("Ends a run in progress instead of waiting for it."),
      })
      .prefault({}),
    responses: { 200: UnregisterReport },
    responseHeaders: requestIdHeader,
    problems: ["id.invalid", "session.destroyed", "session.torn", ...ofBody],
  },
  closeObligation: {
    method: "POST",
    path: "/v1/sessions/{sessionId}/obligations/{obligation}",
    summary: "Says that what a session on its way out owed is over, or ends it by force.",
    params: session.extend({ obligation: Obligation }),
    query: noQuery,
    headers: none,
    body: z.strictObject({ force: z.boolean().optional() }).prefault({}),
    responses: { 200: ObligationAnswer },
    problems: ["id.invalid", "session.torn", ...ofBody],
  },
  verifySession: {
    method: "GET",
    path: "/v1/sessions/{sessionId}/verification",
    summary: "Holds receipts, inputs and state against each other, and names what does not fit.",
    params: session,
    query: noQuery,
    headers: none,
    body: null,
    responses: { 200: Verification },
    problems: ofSession,
  },
} as const satisfies Readonly<Record<string, Route>>;
