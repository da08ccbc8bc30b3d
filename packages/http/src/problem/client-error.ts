import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { AppError, toProblem } from "@holdfast/contracts";
import { PROBLEM_TYPE } from "./send-problem.ts";

/** What Node says when bytes on a connection never became a request. */
export interface ConnectionError extends Error {
  readonly code?: string;
}

const MESSAGES: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: "The request did not arrive in the time given.",
  HPE_HEADER_OVERFLOW: "The URL and headers are too long.",
};

/**
 * Answers what Node would refuse by itself, with no body: an expectation it does
 * not know.
 */
export function answerExpectation(_request: IncomingMessage, response: ServerResponse): void {
  const problem = toProblem(new AppError("request.expectation_failed"));
  // What was announced as a body must not be taken for the next request.
  response.writeHead(problem.status, { "content-type": PROBLEM_TYPE, connection: "close" });
  response.end(JSON.stringify(problem));
}

/** Answers what is no HTTP request, in the same form as every other error, and closes the connection. */
export function answerConnectionError(error: ConnectionError, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const message = MESSAGES[error.code ?? ""] ?? "The request is not valid HTTP.";
  const body = JSON.stringify(toProblem(new AppError("request.invalid", { message })));
  const head = [
    "HTTP/1.1 400 Bad Request",
    `content-type: ${PROBLEM_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
}
