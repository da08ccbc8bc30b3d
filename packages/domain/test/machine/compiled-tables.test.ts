import { describe, expect, it } from "vitest";
import { initialTransition, transition } from "xstate";
import { bitsOf, findTransition } from "../../src/machine/compile-table.ts";
import { COMPILED, eventsOf, pathsOf, rowKey } from "./machine-paths.ts";

describe.each(Object.entries(COMPILED))("the table of the %s machine", (_name, compiled) => {
  const { machine, table } = compiled;
  const paths = pathsOf(compiled);

  it("follows XState on a path to every transition: same state, same effects", () => {
    for (const path of paths) {
      let state = table.initial;
      for (const { event, next, effects } of path) {
        const bits = bitsOf(table.eventFacts[event.type] ?? [], event.facts);
        const found = findTransition(table.rows, { state, event: event.type, bits });

        expect({ state, event, found }).toEqual({ state, event, found: { next, effects } });
        state = next;
      }
    }
  });

  it("has no row that no path reaches", () => {
    const reached = paths.flat().map(({ state, event }) => rowKey(table, state, event));

    expect(new Set(reached)).toEqual(new Set(Object.keys(table.rows)));
  });

  it("has no row exactly where XState refuses, and a refused event leaves the state", () => {
    for (const state of table.states) {
      const snapshot = machine.resolveState({ value: state, context: {} });
      for (const event of eventsOf(table)) {
        const isRefused = table.rows[rowKey(table, state, event)] === undefined;
        const [next, actions] = transition(machine, snapshot, event);

        expect({ state, event, isRefused }).toEqual({ state, event, isRefused: !snapshot.can(event) });
        if (isRefused) expect({ next: next.value, actions }).toEqual({ next: state, actions: [] });
      }
    }
  });

  it("refuses every event in a final state, and names the final states of its machine", () => {
    expect(table.finalStates).toEqual(table.states.filter((state) => machine.states[state]?.type === "final"));
    for (const state of table.finalStates) {
      const taken = eventsOf(table).filter((event) => table.rows[rowKey(table, state, event)] !== undefined);

      expect({ state, taken }).toEqual({ state, taken: [] });
    }
  });

  it("names the initial state, every state and every effect of its machine", () => {
    const effects = new Set(paths.flat().flatMap((step) => step.effects));

    expect(table.initial).toBe(String(initialTransition(machine)[0].value));
    expect(table.states).toEqual(Object.keys(machine.states));
    expect(table.effects).toEqual([...effects].sort());
  });
});
