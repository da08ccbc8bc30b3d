import { ControlVerb, type SessionPhase } from "@holdfast/contracts";
import { bitsOf, findTransition } from "../machine/compile-table.ts";
import { SESSION_TABLE } from "../machine/machines.ts";
import { CONTROL_GOALS } from "./control-goals.ts";
import type { SessionFacts } from "./session-machine.ts";

/** The verbs that would succeed now: those the machine takes, and those whose phase is already reached. */
export function legalVerbs(phase: SessionPhase, facts: Omit<SessionFacts, "areObligationsClosed">): ControlVerb[] {
  return ControlVerb.options.filter((verb) => {
    const event = `control.${verb}`;
    const bits = bitsOf(SESSION_TABLE.eventFacts[event] ?? [], { ...facts });
    return findTransition(SESSION_TABLE.rows, { state: phase, event, bits }) !== null || CONTROL_GOALS[verb] === phase;
  });
}

/** Whether a phase is never left. */
export function isFinalPhase(phase: SessionPhase): boolean {
  return SESSION_TABLE.finalStates.includes(phase);
}
