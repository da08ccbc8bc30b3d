import {
  AppError,
  DEFAULT_INPUT_LIMITS,
  INPUT_VARIANTS,
  type JsonLimits,
  NewInput,
  type ParsedInput,
} from "@holdfast/contracts";
import { findJsonFault, type JsonFault, jsonPointer } from "./json-guard.ts";
import { modernizeInput } from "./legacy-input.ts";

/** One complaint about a sent value. */
export interface InputIssue {
  /** JSON Pointer of the faulty place; empty for the whole input. */
  readonly path: string;
  readonly message: string;
}

// Enough to mend a request by; a block list of a thousand bad blocks would otherwise answer with megabytes.
const MOST_ISSUES = 20;

const KEY_POINTER = jsonPointer(["idempotencyKey"]);

/**
 * Turns anything into a validated input with every default filled in, or throws.
 *
 * What it returns has canonical bytes, is nested at most `limits.depth` deep and
 * has no key that reaches a prototype. The size in bytes is not checked here.
 *
 * @throws `request.too_deep`, `request.forbidden_key`, `input.too_large`,
 * `input.unknown_kind` (details: the known `kinds`), `input.invalid` and
 * `id.invalid` (details: up to 20 `issues`; the latter is about the idempotency key)
 */
export function parseNewInput(value: unknown, limits: JsonLimits = DEFAULT_INPUT_LIMITS): ParsedInput {
  const fault = findJsonFault(value, limits);
  if (fault !== null) throw faultError(fault, limits);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new AppError("input.invalid", { details: { issues: [{ path: "", message: "is not an object" }] } });
  }
  const sent = modernizeInput(value);
  if (!hasKnownKind(sent)) throw new AppError("input.unknown_kind", { details: { kinds: INPUT_VARIANTS } });
  const parsed = NewInput.safeParse(sent);
  if (parsed.success) return parsed.data;
  throw issuesError(parsed.error.issues.map(({ path, message }) => ({ path: jsonPointer(path), message })));
}

function hasKnownKind(value: object): boolean {
  const kinds: readonly unknown[] = INPUT_VARIANTS;
  return Object.hasOwn(value, "kind") && kinds.includes(Reflect.get(value, "kind"));
}

function faultError(fault: JsonFault, limits: JsonLimits): AppError {
  const { kind, path } = fault;
  switch (kind) {
    case "too_deep":
      return new AppError("request.too_deep", { details: { path, limit: limits.depth } });
    case "too_large":
      return new AppError("input.too_large", { details: { limit: limits.payloadBytes } });
    case "forbidden_key":
      return new AppError("request.forbidden_key", { details: { path } });
    case "lone_surrogate":
      return issuesError([{ path, message: "contains a lone surrogate" }]);
    case "not_finite":
      return issuesError([{ path, message: "is not a finite number" }]);
    case "not_json":
      return issuesError([{ path, message: "has no JSON" }]);
  }
}

function issuesError(issues: readonly InputIssue[]): AppError {
  const ofKey = issues.filter(({ path }) => path === KEY_POINTER);
  return ofKey.length > 0
    ? new AppError("id.invalid", { details: { issues: ofKey.slice(0, MOST_ISSUES) } })
    : new AppError("input.invalid", { details: { issues: issues.slice(0, MOST_ISSUES) } });
}
