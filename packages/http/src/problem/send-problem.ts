/** Every failure leaves as a problem document of a registered code (A2). */
import { AppError, ERRORS, isAppError, type Problem, toProblem } from "@holdfast/contracts";
import type { Report } from "@holdfast/runtime";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

/** Media type of RFC 9457. */
export const PROBLEM_TYPE = "application/problem+json; charset=utf-8";

/** Answers with the problem of an error. */
export type ProblemSender = (error: unknown, request: FastifyRequest, reply: FastifyReply) => void;

/** Answers with problems, and reports what an operator must know. */
export function createProblemSender(report: (report: Report) => void): ProblemSender {
  return (error, request, reply) => {
    const problem = toSafeProblem(error);
    if (problem.status >= 500) reportFailure(error, { problem, request, report });
    const retryAfter = retryAfterSeconds(problem);
    if (retryAfter !== null) reply.header("retry-after", retryAfter);
    reply.code(problem.status).type(PROBLEM_TYPE).send(JSON.stringify(problem));
  };
}

/** What is our defect keeps its details in the log. */
function toSafeProblem(error: unknown): Problem {
  const known = translate(error);
  const isInternal = isAppError(known) && ERRORS[known.code].kind === "internal";
  return toProblem(isInternal ? new AppError(known.code) : known);
}

/** Routes that are not in the table, and requests that the framework refuses before any route. */
export function answerProblems(app: FastifyInstance, sendProblem: ProblemSender): void {
  app.setErrorHandler(sendProblem);
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split("?", 1)[0]?.slice(0, 256);
    sendProblem(new AppError("route.not_found", { details: { method: request.method, path } }), request, reply);
  });
}

interface Failure {
  readonly problem: Problem;
  readonly request: FastifyRequest;
  readonly report: (report: Report) => void;
}

function reportFailure(error: unknown, { problem, request, report }: Failure): void {
  // Nobody waits for the answer, and what broke is the connection.
  if (request.raw.destroyed && !isAppError(error)) return;
  // A wait that took too long is the caller's choice of time, and nothing failed.
  if (problem.code === "wait.timeout") return;
  const fields = { err: error, code: problem.code, route: request.routeOptions.url };
  // While the store is away, every request says so.
  if (problem.isRetryable) report({ level: "warn", phrase: "request not served", fields });
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
