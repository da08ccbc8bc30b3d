import { AppError, type ParsedInput } from "@holdfast/contracts";
import canonicalize from "canonicalize";

/**
 * What differs between two sendings of the same thing: the identity of the
 * record, its time and its trace.
 */
const NOT_COVERED: readonly (keyof ParsedInput)[] = ["id", "timestamp", "traceparent", "correlationId", "causationId"];

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
  const copy = sorted(value, SHALLOW);
  return copy === UNUSUAL ? libraryJson(value) : JSON.stringify(copy);
}

const SHALLOW = 6;
const UNUSUAL = Symbol("unusual");
const USUAL_NAME = /^[A-Za-z][\w-]*$/;

/**
 * A copy whose members are in canonical order, which the platform then writes in canonical form: every admission
 * and every commit waits for this, and the library takes several times as long. `UNUSUAL` is what is left to it:
 * deep values, texts and numbers without a form, objects that write themselves, names that look like indexes or have no form.
 */
function sorted(value: unknown, depth: number): unknown {
  if (typeof value === "string") return value.isWellFormed() ? value : UNUSUAL;
  if (typeof value === "number") return Number.isFinite(value) ? value : UNUSUAL;
  if (typeof value === "boolean" || value === null) return value;
  if (typeof value !== "object" || depth === 0) return UNUSUAL;
  if (Array.isArray(value)) return sortedList(value, depth - 1);
  return Object.getPrototypeOf(value) === Object.prototype ? sortedObject(value, depth - 1) : UNUSUAL;
}

function sortedList(list: readonly unknown[], depth: number): unknown {
  const copy: unknown[] = [];
  for (const item of list) {
    const plain = sorted(item, depth);
    if (plain === UNUSUAL) return UNUSUAL;
    copy.push(plain);
  }
  return copy;
}

function sortedObject(object: object, depth: number): unknown {
  const copy: Record<string, unknown> = {};
  for (const name of Object.keys(object).sort()) {
    const member = (object as Record<string, unknown>)[name];
    if (member === undefined) continue;
    const plain = USUAL_NAME.test(name) ? sorted(member, depth) : UNUSUAL;
    if (plain === UNUSUAL) return UNUSUAL;
    copy[name] = plain;
  }
  return copy;
}

function libraryJson(value: unknown): string {
  let text: string | undefined;
  try {
    text = canonicalize(value);
  } catch (cause) {
    throw new AppError("internal.bug", { message: "a value without canonical JSON reached the digest", cause });
  }
  if (text === undefined) throw new AppError("internal.bug", { message: "a digest was asked of nothing" });
  return text;
}
