/** Every failure leaves as a problem document of a registered code (A2). */
import { AppError, ERRORS, isAppError, type Problem, toProblem } from "@holdfast/contracts";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

/** Media type of RFC 9457. */
export const PROBLEM_TYPE = "application/problem+json; charset=utf-8";

/** Answers with the problem of an error, and logs what an operator must know. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const problem = toSafeProblem(error);
  if (problem.status >= 500) logFailure(error, problem, request);
  const retryAfter = retryAfterSeconds(problem);
  if (retryAfter !== null) reply.header("retry-after", retryAfter);
  reply.code(problem.status).type(PROBLEM_TYPE).send(JSON.stringify(problem));
}

/** What is our defect keeps its details in the log. */
function toSafeProblem(error: unknown): Problem {
  const known = translate(error);
  const isInternal = isAppError(known) && ERRORS[known.code].kind === "internal";
  return toProblem(isInternal ? new AppError(known.code) : known);
}

/** Routes that are not in the table, and requests that the framework refuses before any route. */
export function answerProblems(app: FastifyInstance): void {
  app.setErrorHandler(sendProblem);
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split("?", 1)[0]?.slice(0, 256);
    sendProblem(new AppError("route.not_found", { details: { method: request.method, path } }), request, reply);
  });
}

function logFailure(error: unknown, problem: Problem, request: FastifyRequest): void {
  // Nobody waits for the answer, and what broke is the connection.
  if (request.raw.destroyed && !isAppError(error)) return;
  const fields = { err: error, code: problem.code, route: request.routeOptions.url };
  if (problem.isRetryable) request.log.warn(fields, "request not served");
  else request.log.error(fields, "request failed");
}

function retryAfterSeconds({ isRetryable, status, details }: Problem): number | null {
  if (!isRetryable || status === 504) return null;
  const ms = details?.["retryAfterMs"];
  return typeof ms === "number" ? Math.max(1, Math.ceil(ms / 1_000)) : 1;
}

/** Errors of the framework, by its codes. */
const FRAMEWORK: Readonly<Record<string, () => AppError>> = {
  FST_ERR_BAD_URL: () => new AppError("id.invalid", { message: "The path is not valid percent-encoded UTF-8." }),
  FST_ERR_CTP_BODY_TOO_LARGE: () => new AppError("input.too_large"),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () =>
    new AppError("request.malformed", { message: "The body is not as long as Content-Length says." }),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () =>
    new AppError("request.invalid", { message: "The content type must be application/json." }),
};

function translate(error: unknown): unknown {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  const known = typeof code === "string" && !isAppError(error) ? FRAMEWORK[code] : undefined;
  return known?.() ?? error;
}
