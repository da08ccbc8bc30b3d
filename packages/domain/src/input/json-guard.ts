/**
 * What a JSON value may not contain, found without recursion.
 *
 * Schemas recurse, canonical bytes refuse some strings, and a `__proto__` key
 * survives `JSON.parse` as an own property. This guard runs before all of them,
 * so that no later step has to defend itself.
 *
 * Invariants
 *   V1  The guard uses memory for the nesting it allows, not for the nesting it
 *       is sent, and ends on cyclic and on shared values.
 *   V2  A value that passes has canonical bytes: every string and key is
 *       well-formed, every number finite, and nothing is of a type JSON lacks
 *       but `undefined`, which it leaves out.
 *   V3  No key that names the prototype chain passes, at any depth.
 */
import type { JsonLimits } from "@holdfast/contracts";

/** Keys that reach the prototype chain of a careless reader; refused at any depth. */
export const FORBIDDEN_KEYS: readonly string[] = ["__proto__", "constructor", "prototype"];

/** What is wrong with a JSON value. */
export type JsonFaultKind = "too_deep" | "too_large" | "forbidden_key" | "lone_surrogate" | "not_finite" | "not_json";

/** The first fault of a value, in document order. */
export interface JsonFault {
  readonly kind: JsonFaultKind;
  /** JSON Pointer of the faulty place, cut to 256 characters; empty for the root. */
  readonly path: string;
}

const LONGEST_PATH = 256;

/** One open container; the child in hand is the one before `next`. */
interface Level {
  readonly container: object;
  /** `null` for an array. */
  readonly keys: readonly string[] | null;
  readonly size: number;
  next: number;
}

/**
 * Finds the first fault of a value, or `null`. The root container is nesting 1.
 *
 * A value with more members than `limits.payloadBytes` is `too_large`: its JSON
 * could not be shorter, and shared references could otherwise make a small
 * object graph endless.
 */
export function findJsonFault(root: unknown, limits: JsonLimits): JsonFault | null {
  const levels: Level[] = [];
  let seen = 0;
  let kind = visit(root, levels, limits);
  while (kind === null) {
    const level = levels.at(-1);
    if (level === undefined) return null;
    if (level.next === level.size) {
      levels.pop();
      continue;
    }
    level.next += 1;
    seen += 1;
    kind = seen > limits.payloadBytes ? "too_large" : visitChild(level, levels, limits);
  }
  return { kind, path: pointerOf(levels) };
}

/** Writes a path as a JSON Pointer (RFC 6901) that is safe to show: well-formed and at most 256 characters. */
export function jsonPointer(path: readonly PropertyKey[]): string {
  const text = path.map((key) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
  return text.slice(0, LONGEST_PATH).toWellFormed();
}

function visit(value: unknown, levels: Level[], limits: JsonLimits): JsonFaultKind | null {
  if (typeof value === "string") return value.isWellFormed() ? null : "lone_surrogate";
  if (typeof value === "number") return Number.isFinite(value) ? null : "not_finite";
  if (typeof value === "bigint" || typeof value === "function" || typeof value === "symbol") return "not_json";
  if (typeof value !== "object" || value === null) return null;
  if (!hasJsonForm(value)) return "not_json";
  if (levels.length >= limits.depth) return "too_deep";
  levels.push(open(value));
  return null;
}

/** A promise, a map, an error: their JSON is `{}`, whatever they hold. What says its JSON itself is taken at its word. */
function hasJsonForm(value: object): boolean {
  const tag: unknown = Object.prototype.toString.call(value);
  if (tag === "[object Object]" || tag === "[object Array]") return true;
  return typeof Reflect.get(value, "toJSON") === "function";
}

function open(container: object): Level {
  if (Array.isArray(container)) return { container, keys: null, size: container.length, next: 0 };
  const keys = Object.keys(container);
  return { container, keys, size: keys.length, next: 0 };
}

function visitChild(level: Level, levels: Level[], limits: JsonLimits): JsonFaultKind | null {
  const index = level.next - 1;
  const key = level.keys?.[index];
  if (key !== undefined) {
    if (FORBIDDEN_KEYS.includes(key)) return "forbidden_key";
    if (!key.isWellFormed()) return "lone_surrogate";
  }
  return visit(Reflect.get(level.container, key ?? index), levels, limits);
}

function pointerOf(levels: readonly Level[]): string {
  return jsonPointer(levels.map((level) => level.keys?.[level.next - 1] ?? level.next - 1));
}
