import { AppError, type JsonLimits } from "@holdfast/contracts";
import { parseJson } from "@holdfast/domain";
import type { FastifyInstance, FastifyRequest } from "fastify";

// Beyond the payload itself: white space, and the longer of the ways to write a character.
const SLACK_BYTES = 65_536;

/** Most bytes of a body. */
export function bodyLimitOf(limits: JsonLimits): number {
  return limits.payloadBytes + SLACK_BYTES;
}

/** Makes JSON the only content type, read with bounded nesting and strict UTF-8. */
export function acceptJsonOnly(app: FastifyInstance, limits: JsonLimits): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (_request, body, done) => {
    try {
      done(null, readJson(body as Buffer, limits));
    } catch (error) {
      done(error as Error);
    }
  });
}

/**
 * Refuses what cannot be read as it arrives: a body in an encoding, which no
 * limit on raw bytes would bound.
 *
 * @throws request.unsupported_encoding
 */
export function assertPlainBody({ headers }: Pick<FastifyRequest, "headers">): void {
  const encoding = headers["content-encoding"]?.trim().toLowerCase() ?? "";
  if (encoding === "" || encoding === "identity") return;
  throw new AppError("request.unsupported_encoding", { details: { taken: ["identity"] } });
}

/** An empty body is no body, whatever its content type. */
function readJson(bytes: Buffer, limits: JsonLimits): unknown {
  if (bytes.length === 0) return undefined;
  return parseJson(decode(bytes), limits);
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new AppError("request.malformed", { message: "The body is not UTF-8.", cause });
  }
}
