import { AppError, type ParsedInput } from "@holdfast/contracts";
import canonicalize from "canonicalize";

/**
 * What differs between two sendings of the same thing: the identity of the
 * record, its time and its trace.
 */
const NOT_COVERED: readonly (keyof ParsedInput)[] = ["id", "timestamp", "traceparent", "correlationId"];

/**
 * The bytes that tell whether a repeated idempotency key comes with the same
 * payload; whoever stores them hashes them first.
 *
 * Taken of the validated input before its blobs are moved out, so that a default
 * left out and a default written out are the same input.
 */
export function fingerprintBytes(input: ParsedInput): string {
  const isCovered = ([field]: [string, unknown]) => !NOT_COVERED.some((name) => name === field);
  return canonicalJson(Object.fromEntries(Object.entries(input).filter(isCovered)));
}

/**
 * The one JSON text of a value (RFC 8785): sorted keys, no spaces, one form per
 * number. A member that is `undefined` is left out, which differs from `null`.
 *
 * @throws `internal.bug` for what has no canonical form: a lone surrogate, NaN,
 * an infinity, a cycle, a bare function or `undefined`. Values from outside are
 * checked with `findJsonFault` first.
 */
export function canonicalJson(value: unknown): string {
  let text: string | undefined;
  try {
    text = canonicalize(value);
  } catch (cause) {
    throw new AppError("internal.bug", { message: "a value without canonical JSON reached the digest", cause });
  }
  if (text === undefined) throw new AppError("internal.bug", { message: "a digest was asked of nothing" });
  return text;
}
