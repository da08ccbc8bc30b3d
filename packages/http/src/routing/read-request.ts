/** From a raw request to one of the documented shape, or the problem that says what is wrong with it. */
import { AppError, ID_FIELDS, type JsonLimits, type Route } from "@holdfast/contracts";
import { findJsonFault, jsonPointer } from "@holdfast/domain";
import type { FastifyRequest } from "fastify";
import { readQuery } from "./read-query.ts";

/** The parts of a request, checked. Types are those of the route's schemas. */
export interface RequestParts {
  readonly params: unknown;
  readonly query: unknown;
  readonly headers: unknown;
  readonly body: unknown;
}

type Part = keyof RequestParts;

// Enough to mend a request by; what was sent must not come back at length.
const MOST_ISSUES = 20;
const LONGEST_MESSAGE = 256;

/**
 * Checks every part of a request against its route.
 *
 * @throws id.invalid, request.invalid (details: `issues` with the part, a JSON
 * Pointer into it and a message), request.forbidden_key
 */
export function readRequest(route: Route, request: FastifyRequest, limits: JsonLimits): RequestParts {
  const query = readQuery(request.url);
  return {
    params: check("params", route.params, request.params),
    query: check("query", route.query, query),
    headers: check("headers", route.headers, request.headers),
    body: readBody(route, request.body, limits),
  };
}

function readBody({ body, isBodyCheckedByRuntime }: Route, sent: unknown, limits: JsonLimits): unknown {
  if (body === null) return null;
  if (isBodyCheckedByRuntime) return sent;
  const fault = findJsonFault(sent, limits);
  if (fault?.kind === "forbidden_key") throw new AppError("request.forbidden_key", { details: { path: fault.path } });
  if (fault !== null) throw requestInvalid([{ in: "body", path: fault.path, message: `is ${fault.kind}` }]);
  return check("body", body, sent);
}

function check(part: Part, schema: Route["params"] | NonNullable<Route["body"]>, sent: unknown): unknown {
  const parsed = schema.safeParse(sent);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.slice(0, MOST_ISSUES).map(({ path, message }) => ({
    in: part,
    path: jsonPointer(path),
    message: message.slice(0, LONGEST_MESSAGE).toWellFormed(),
  }));
  const isAboutId = parsed.error.issues.some(({ path }) => path.length === 1 && ID_FIELDS.includes(String(path[0])));
  throw isAboutId ? new AppError("id.invalid", { details: { issues } }) : requestInvalid(issues);
}

function requestInvalid(issues: readonly { in: Part; path: string; message: string }[]): AppError {
  return new AppError("request.invalid", { details: { issues } });
}
