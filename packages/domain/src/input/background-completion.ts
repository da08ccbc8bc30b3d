import type { NewInput } from "@holdfast/contracts";

/**
 * The continuation that tells a session that background work has ended: it steers,
 * shows in no transcript, and is derived, because the registry of operations can
 * make it again.
 */
export function backgroundCompletion(): Extract<NewInput, { kind: "continuation" }> {
  return {
    kind: "continuation",
    reason: "detached background operation completed",
    handlingMode: "steer",
    durability: "derived",
    source: { type: "system" },
    visibility: { isTranscriptEligible: false, isOperatorEligible: false },
  };
}
