/** Walks through machines, for tests that compare a compiled table with what XState says. */
import { type AnyStateMachine, initialTransition, transition } from "xstate";
import { getShortestPaths } from "xstate/graph";
import { drainMachine } from "../../src/drain/drain-machine.ts";
import { inputMachine } from "../../src/input/input-machine.ts";
import { bitsOf, type CompiledMachine } from "../../src/machine/compile-table.ts";
import {
  DRAIN_TABLE,
  INPUT_TABLE,
  OBLIGATION_TABLE,
  OPERATION_TABLE,
  RUN_TABLE,
  SESSION_TABLE,
} from "../../src/machine/machines.ts";
import { operationMachine } from "../../src/operation/operation-machine.ts";
import { runMachine } from "../../src/run/run-machine.ts";
import { obligationMachine } from "../../src/session/obligation-machine.ts";
import { sessionMachine } from "../../src/session/session-machine.ts";

/** A machine and the table that was compiled from it. */
export interface Compiled {
  readonly machine: AnyStateMachine;
  readonly table: CompiledMachine;
}

/** Every machine that is compiled. */
export const COMPILED: Readonly<Record<string, Compiled>> = {
  session: { machine: sessionMachine, table: SESSION_TABLE },
  input: { machine: inputMachine, table: INPUT_TABLE },
  run: { machine: runMachine, table: RUN_TABLE },
  drain: { machine: drainMachine, table: DRAIN_TABLE },
  obligation: { machine: obligationMachine, table: OBLIGATION_TABLE },
  operation: { machine: operationMachine, table: OPERATION_TABLE },
};

/** An event with one combination of its facts. */
export interface FactualEvent {
  readonly type: string;
  readonly facts: Readonly<Record<string, boolean>>;
}

/** Every event of a machine with every combination of its facts. */
export function eventsOf({ eventFacts }: CompiledMachine): readonly FactualEvent[] {
  return Object.entries(eventFacts).flatMap(([type, facts]) =>
    combinationsOf(facts).map((values) => ({ type, facts: values })),
  );
}

function combinationsOf(facts: readonly string[]): Record<string, boolean>[] {
  return facts.reduce<Record<string, boolean>[]>(
    (found, fact) => found.flatMap((values) => [false, true].map((value) => ({ ...values, [fact]: value }))),
    [{}],
  );
}

/** The key of the row that an event has in a state. */
export function rowKey(table: CompiledMachine, state: string, { type, facts }: FactualEvent): string {
  return `${state}|${type}|${bitsOf(table.eventFacts[type] ?? [], facts)}`;
}

/** One step as XState takes it. */
export interface ReferenceStep {
  readonly state: string;
  readonly event: FactualEvent;
  readonly next: string;
  readonly effects: readonly string[];
}

/** For every transition a shortest path from birth that ends with it, taken by XState. */
export function pathsOf({ machine, table }: Compiled): ReferenceStep[][] {
  const paths = getShortestPaths(machine, {
    events: [...eventsOf(table)],
    filterEvents: (snapshot, event) => snapshot.can(event),
    // Told apart by the way they were reached, so that no transition shares a path with another.
    serializeState: (snapshot, event, previous) =>
      JSON.stringify([snapshot.value, event ?? null, previous?.value ?? null]),
  });
  return paths.map(({ steps }) =>
    replay(
      machine,
      steps.map(({ event }) => event as unknown as FactualEvent),
    ),
  );
}

function replay(machine: AnyStateMachine, events: readonly FactualEvent[]): ReferenceStep[] {
  let [snapshot] = initialTransition(machine);
  return events.filter(isOfMachine).map((event) => {
    const state = String(snapshot.value);
    const [next, actions] = transition(machine, snapshot, event);
    snapshot = next;
    return { state, event, next: String(next.value), effects: actions.map(({ type }) => type) };
  });
}

function isOfMachine({ type }: FactualEvent): boolean {
  return type !== "xstate.init";
}
