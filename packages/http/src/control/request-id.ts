import { randomUUID } from "node:crypto";
import { AppError, RequestId } from "@holdfast/contracts";

/** The id under which a command takes effect once: of the header, of the body, or a fresh one. @throws id.invalid */
export function requestIdOf(header: RequestId | undefined, body: RequestId | undefined): RequestId {
  if (header !== undefined && body !== undefined && header !== body) {
    throw new AppError("id.invalid", { message: "The Idempotency-Key header and the body's requestId differ." });
  }
  return header ?? body ?? RequestId.parse(`req_${randomUUID()}`);
}

/** A header carries ASCII only; whoever sent another id knows it. */
export function requestIdHeader(requestId: RequestId): Readonly<Record<string, string>> {
  return /^[ -~]+$/.test(requestId) ? { "holdfast-request-id": requestId } : {};
}
