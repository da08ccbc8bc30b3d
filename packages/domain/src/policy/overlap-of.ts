import { type Overlap, overlapPolicyOf, type ParsedInput, type SessionSettings } from "@holdfast/contracts";
import { inputKindOf, requestedMode } from "../input/input-kind.ts";
import { DEFAULTED_KINDS, OVERLAP_TABLE } from "./overlap-table.ts";

/**
 * The overlap policy of an input: its own, else the session's for the kinds that
 * a default is for (Y5), unless the input chose its lane; `null` for neither.
 */
export function overlapOf(input: ParsedInput, settings: SessionSettings): Overlap | null {
  if (input.overlap !== undefined) return input.overlap;
  if (settings.overlap === undefined || hasChosenLane(input)) return null;
  const kind = inputKindOf(input);
  const isDefaulted = DEFAULTED_KINDS.some((candidate) => candidate === kind);
  return isDefaulted && OVERLAP_TABLE[overlapPolicyOf(settings.overlap)].kinds.includes(kind) ? settings.overlap : null;
}

/** An event always carries a mode, so that only `steer` tells that somebody chose. */
function hasChosenLane(input: ParsedInput): boolean {
  const mode = requestedMode(input);
  return input.kind === "external_event" ? mode === "steer" : mode !== null;
}
