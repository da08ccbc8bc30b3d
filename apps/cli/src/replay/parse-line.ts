import { findUserIdFault, type NewInput } from "holdfast";
import { composeInput } from "../input/compose-input.ts";
import type { Line } from "./read-lines.ts";

/** An input of the file, ready to be admitted. */
export interface ReplayInput {
  readonly line: number;
  readonly sessionId: string;
  readonly key: string;
  readonly input: NewInput;
}

/** A line that holds no input. */
export interface BadLine {
  readonly line: number;
  readonly reason: string;
}

export type ParsedLine = ({ readonly kind: "input" } & ReplayInput) | ({ readonly kind: "bad" } & BadLine);

/**
 * The input of a line. `session` and `key` are needed, `text` where the kind
 * has one; `kind` is a prompt unless given.
 */
export function parseLine(line: Line): ParsedLine {
  const { number } = line;
  if (line.kind === "bad") return bad(number, line.reason);
  const value = parseObject(line.text);
  if (typeof value === "string") return bad(number, value);
  const { session, key, kind = "prompt", text, at, ...fields } = value;
  const fault =
    idFault("session", session) ??
    idFault("key", key) ??
    textFault("kind", kind) ??
    optionalTextFault("text", text) ??
    optionalTextFault("at", at);
  if (fault !== null) return bad(number, fault);
  const composed = composeInput({
    kind: kind as string,
    key: key as string,
    ...(text === undefined ? {} : { text: text as string }),
    ...(at === undefined ? {} : { at: at as string }),
    fields,
  });
  if (composed.kind === "fault") return bad(number, composed.reason.replace(/^timestamp:/, "at:"));
  return { kind: "input", line: number, sessionId: session as string, key: key as string, input: composed.input };
}

function parseObject(text: string): Record<string, unknown> | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "is not JSON";
  }
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? (value as Record<string, unknown>) : "is not a JSON object";
}

function idFault(name: string, value: unknown): string | null {
  const shape = textFault(name, value);
  if (shape !== null) return shape;
  const fault = findUserIdFault(value as string);
  return fault === null ? null : `${name}: ${fault}`;
}

function textFault(name: string, value: unknown): string | null {
  if (value === undefined) return `${name}: is missing`;
  return typeof value === "string" ? null : `${name}: is not a string`;
}

function optionalTextFault(name: string, value: unknown): string | null {
  return value === undefined ? null : textFault(name, value);
}

function bad(line: number, reason: string): ParsedLine {
  return { kind: "bad", line, reason };
}
