/**
 * A policy decision in fourteen characters, so that every stored input can carry
 * the decision it was admitted with.
 *
 * A character is the place of the value among the values of its dimension. The
 * order of dimensions and of values is part of the stored form: append only.
 */
import { PolicyDecision } from "@holdfast/contracts";

type Dimension = keyof PolicyDecision;

/** Codes are at least this long; a dimension that one does not reach has its first value. */
const FIRST_DIMENSIONS = 12;

const DIMENSIONS = [
  "apply",
  "wake",
  "queue",
  "consume",
  "drain",
  "routing",
  "lane",
  "boundary",
  "executionKind",
  "isImmediate",
  "isTranscriptRecorded",
  "isOperatorContentEmitted",
  "whenBusy",
  "endsYieldingWait",
] as const satisfies readonly Dimension[];

/** A third place was taken by a way to wake that is a dimension of its own; inputs of that time are read as not waking. */
const STORED_WAKES = ["wake_if_idle", "none", "none"] as const satisfies readonly PolicyDecision["wake"][];

function valuesOf(dimension: Dimension): readonly (string | boolean)[] {
  if (dimension === "wake") return STORED_WAKES;
  const schema = PolicyDecision.shape[dimension];
  return "options" in schema ? schema.options : [false, true];
}

/** The stored form of a decision. */
export function encodePolicy(decision: PolicyDecision): string {
  return DIMENSIONS.map((dimension) => valuesOf(dimension).indexOf(decision[dimension]).toString(36)).join("");
}

/** The decision of a stored form. @throws when this version does not know a value. */
export function decodePolicy(code: string): PolicyDecision {
  const entries = DIMENSIONS.map((dimension, index) => {
    const character = code.charAt(index) || (index < FIRST_DIMENSIONS ? "" : "0");
    return [dimension, valuesOf(dimension)[Number.parseInt(character, 36)]];
  });
  return PolicyDecision.parse(Object.fromEntries(entries));
}
