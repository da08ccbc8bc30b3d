import type { DrainPhase } from "@holdfast/contracts";
import { bitsOf, findTransition } from "../machine/compile-table.ts";
import { DRAIN_TABLE } from "../machine/machines.ts";
import type { DrainFacts, DrainMachineEventType } from "./drain-machine.ts";

/** What follows an event: the next phase, and what is to be done, in order. */
export interface DrainStep {
  readonly phase: DrainPhase;
  readonly effects: readonly string[];
}

/** What a drain owes in a phase (D41); an abort is never owed, because its phase closes it. */
export function drainObligations(phase: DrainPhase): readonly "spawn"[] {
  return phase === "starting" ? ["spawn"] : [];
}

/** One step of the drain machine; `null` when it refuses. */
export function stepDrain(
  phase: DrainPhase,
  event: DrainMachineEventType,
  facts: Partial<DrainFacts> = {},
): DrainStep | null {
  const bits = bitsOf(DRAIN_TABLE.eventFacts[event] ?? [], { ...facts });
  const found = findTransition(DRAIN_TABLE.rows, { state: phase, event, bits });
  return found === null ? null : { phase: found.next as DrainPhase, effects: found.effects };
}
