import type { ControlVerb, SessionPhase } from "@holdfast/contracts";

/**
 * The phase a verb leads to, for verbs that have one. A verb that the machine
 * refuses because its phase is already reached succeeds with zero counts.
 */
export const CONTROL_GOALS: Readonly<Partial<Record<ControlVerb, SessionPhase>>> = {
  retire: "retired",
  stop: "stopped",
  destroy: "destroyed",
};
