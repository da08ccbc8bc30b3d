/** Routes of many dead letters at once; part of the route table. */
import * as z from "zod";
import { InputId, RequestId, SessionId } from "./ids.ts";
import type { Route } from "./route.ts";
import {
  none,
  noQuery,
  ofBody,
  ofSession,
  requestHeaders,
  requestIdHeader,
  session,
  tenantPage,
} from "./route-parts.ts";

const selection = z
  .strictObject({
    requestId: RequestId.optional(),
    code: z.string().min(1).max(256).optional().describe("Only those with this failure code or reason."),
    after: z.string().min(1).max(4_096).optional().describe("`next` of the step before."),
    limit: z.int().min(1).max(100).optional(),
  })
  .prefault({});

const letter = z.object({ sessionId: SessionId, inputId: InputId });

const redriven = z.object({
  redriven: z.array(letter.extend({ by: InputId })),
  refused: z.array(letter.extend({ code: z.string() })),
  next: z.string().nullable(),
});

/** See {@link ROUTES}. */
export const DEAD_LETTER_ROUTES = {
  listSessionsWithDeadLetters: {
    method: "GET",
    path: "/v1/dead-letters",
    summary: "A page of the sessions that have dead letters.",
    params: none,
    query: tenantPage,
    headers: none,
    body: null,
    responses: {
      200: z.object({ items: z.array(z.object({ sessionId: SessionId })), next: z.string().nullable() }),
    },
    problems: [],
  },
  redriveDeadLetters: {
    method: "POST",
    path: "/v1/sessions/{sessionId}/dead-letters/redrive",
    summary: "Sends dead letters of a session again, oldest first, a hundred at most in a step.",
    params: session,
    query: noQuery,
    headers: requestHeaders,
    body: selection,
    responses: { 200: redriven },
    responseHeaders: requestIdHeader,
    problems: [...ofSession, ...ofBody],
  },
  redriveTenant: {
    method: "POST",
    path: "/v1/dead-letters/redrive",
    summary: "Sends dead letters of all sessions again, a hundred at most in a step.",
    params: none,
    query: noQuery,
    headers: requestHeaders,
    body: selection,
    responses: { 200: redriven },
    responseHeaders: requestIdHeader,
    problems: ["id.invalid", ...ofBody],
  },
} as const satisfies Readonly<Record<string, Route>>;
