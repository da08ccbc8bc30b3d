import { randomUUID } from "node:crypto";
import { AppError, RequestId } from "@holdfast/contracts";
import type { Handlers } from "../routing/handler.ts";
import { refOf, type Surface } from "../surface.ts";

/** What operators tell a session. */
export function controlHandlers(surface: Surface): Pick<Handlers, "controlSession" | "interruptRun"> {
  const { runtime } = surface;
  return {
    async controlSession({ params, headers, body }) {
      const requestId = requestIdOf(headers["idempotency-key"], body.requestId);
      const report = await runtime.control(refOf(surface, params), { verb: params.verb, requestId });
      return { status: 200, body: report, headers: requestIdHeader(requestId) };
    },

    async interruptRun({ params, headers, body }) {
      const requestId = requestIdOf(headers["idempotency-key"], body.requestId);
      const run = body.runId === undefined ? {} : { runId: body.runId };
      const report = await runtime.interruptCurrentRun(refOf(surface, params), { requestId, ...run });
      return { status: 200, body: report, headers: requestIdHeader(requestId) };
    },
  };
}

function requestIdOf(header: RequestId | undefined, body: RequestId | undefined): RequestId {
  if (header !== undefined && body !== undefined && header !== body) {
    throw new AppError("id.invalid", { message: "The Idempotency-Key header and the body's requestId differ." });
  }
  return header ?? body ?? RequestId.parse(`req_${randomUUID()}`);
}

/** A header carries ASCII only; whoever sent another id knows it. */
function requestIdHeader(requestId: RequestId): Readonly<Record<string, string>> {
  return /^[ -~]+$/.test(requestId) ? { "holdfast-request-id": requestId } : {};
}
