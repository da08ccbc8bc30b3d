/** What several routes have in common. */
import * as z from "zod";
import type { ErrorCode } from "./errors/registry.ts";
import { RequestId, SessionId } from "./ids.ts";
import { Label } from "./label.ts";
import { pathSegment } from "./path-segment.ts";
import { EventId } from "./runtime-event.ts";
import { structuredString } from "./structured-string.ts";

/** Longest time a request may wait for an outcome. */
export const MAX_WAIT_SECONDS = 60;

/** Largest page. */
export const MAX_PAGE = 100;

/** What may go wrong with any session that a route names. */
export const ofSession = [
  "id.invalid",
  "session.not_found",
  "session.destroyed",
] as const satisfies readonly ErrorCode[];

/** What may go wrong with any body. */
export const ofBody = [
  "request.malformed",
  "request.too_deep",
  "request.forbidden_key",
  "input.too_large",
] as const satisfies readonly ErrorCode[];

/** The same for a delivery inbox, which does not ask whether its session exists. */
export const ofInbox = ["id.invalid"] as const satisfies readonly ErrorCode[];

/** What may go wrong with any command. */
export const ofControl = [
  ...ofSession,
  ...ofBody,
  "control.refused",
  "idempotency.mismatch",
  "session.torn",
] as const satisfies readonly ErrorCode[];

/** A number in a query or path: digits only, so that `1e3`, ` 1` and the empty text are faults. */
export function integer(min: number, max: number) {
  const digits = z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number);
  return z.union([z.int(), digits], "is not a whole number").pipe(z.int().min(min).max(max));
}

/** No parameters in the path. */
export const none = z.object({});
/** No parameters in the query: any is refused. */
export const noQuery = z.strictObject({});
/** The session that a path names. */
export const session = z.object({ sessionId: pathSegment(SessionId) });
/** A cursor, a number or a position: what comes after it is meant. */
export const after = integer(0, Number.MAX_SAFE_INTEGER);
/** Where a reader of events goes on. */
export const position = z.union([after, EventId], "is neither a cursor nor the id of an event");
/** How much a page holds. */
export const limit = integer(1, MAX_PAGE).default(50);
/** A page of what a session has. */
export const page = z.strictObject({ after: after.default(0), limit });
/** A page of sessions, after a cursor that only the store reads. */
export const tenantPage = z.strictObject({ after: z.string().min(1).max(2_048).optional(), limit });
/** Seconds that a request may wait for an outcome. */
export const wait = integer(0, MAX_WAIT_SECONDS).default(0);
/** A switch in a query: there without a value is on. */
export const flag = z
  .enum(["", "1", "true", "0", "false"])
  .transform((text) => text !== "0" && text !== "false")
  .pipe(z.boolean());

/** `name=value`; a value may hold further equals signs. */
export const labelText = z
  .string()
  .regex(/^[^=]+=.+$/, "is not of the form name=value")
  .transform((text) => ({ key: text.slice(0, text.indexOf("=")), value: text.slice(text.indexOf("=") + 1) }))
  .pipe(Label);

/** What the body of every command may say. */
export const command = z.strictObject({
  requestId: RequestId.optional(),
  dryRun: z.boolean().optional().describe("Answers with the report that the verb would have now; nothing changes."),
});

/** The request id of a command, as a header. */
export const requestHeaders = z.object({ "idempotency-key": structuredString(RequestId).optional() });
/** The header that answers with the request id. */
export const requestIdHeader = {
  "holdfast-request-id": "The command's request id; a repeat with it reports the first result.",
};
