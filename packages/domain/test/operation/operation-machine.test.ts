import { OperationAction, OperationStatus } from "@holdfast/contracts";
import fc from "fast-check";
import { expect, it } from "vitest";
import { bitsOf, findTransition } from "../../src/machine/compile-table.ts";
import { OPERATION_TABLE } from "../../src/machine/machines.ts";
import { eventsOf, type FactualEvent } from "../machine/machine-paths.ts";

const TERMINAL: readonly OperationStatus[] = ["completed", "failed", "aborted", "cancelled", "retired", "terminated"];

const CHILD = { isPeerExpected: true, isPeerReady: false };

/** What follows an action in a status, or `null` when it is refused. */
function step(status: string, action: OperationAction, facts: Readonly<Record<string, boolean>> = CHILD) {
  const event = `operation.${action}`;
  const bits = bitsOf(OPERATION_TABLE.eventFacts[event] ?? [], facts);
  return findTransition(OPERATION_TABLE.rows, { state: status, event, bits });
}

/** The statuses that take an action, with what follows. */
function takers(action: OperationAction): Record<string, string> {
  const taken = OPERATION_TABLE.states.map((status) => [status, step(status, action)?.next ?? null] as const);
  return Object.fromEntries(taken.flatMap(([status, next]) => (next === null ? [] : [[status, next]])));
}

function takenOf(events: readonly FactualEvent[]) {
  let status = OPERATION_TABLE.initial;
  return events.flatMap(({ type, facts }) => {
    const found = step(status, type.slice("operation.".length) as OperationAction, facts);
    if (found === null) return [];
    const taken = { from: status, type, facts, ...found };
    status = found.next;
    return [taken];
  });
}

const anyLife = fc.array(fc.constantFrom(...eventsOf(OPERATION_TABLE)), { maxLength: 40 });

it("knows the statuses and the actions of the contracts and no others", () => {
  expect([...OPERATION_TABLE.states].sort()).toEqual([...OperationStatus.options].sort());
  expect(Object.keys(OPERATION_TABLE.eventFacts)).toEqual(
    OperationAction.options.map((action) => `operation.${action}`),
  );
});

it.each<[OperationAction, Record<string, string>]>([
  ["provision", { provisioning: "running" }],
  ["fail_provisioning", { provisioning: "failed" }],
  ["abort_provisioning", { provisioning: "aborted" }],
  ["report_progress", { running: "running", retiring: "retiring" }],
  ["peer_ready", { running: "running", retiring: "retiring" }],
  ["request_retire", { running: "retiring" }],
  ["complete", { running: "completed", retiring: "completed" }],
  ["fail", { provisioning: "failed", running: "failed", retiring: "failed" }],
  ["cancel", { provisioning: "cancelled", running: "cancelled", retiring: "cancelled" }],
  ["mark_retired", { running: "retired", retiring: "retired" }],
  ["terminate", { provisioning: "terminated", running: "terminated", retiring: "terminated" }],
])("takes %s exactly where it is legal", (action, expected) => {
  expect(takers(action)).toEqual(expected);
});

it("never changes an ended operation (O16)", () => {
  expect([...OPERATION_TABLE.finalStates].sort()).toEqual([...TERMINAL].sort());
  fc.assert(
    fc.property(anyLife, (events) => {
      const left = takenOf(events).map(({ from }) => from);

      expect(left.filter((status) => (TERMINAL as readonly string[]).includes(status))).toEqual([]);
    }),
  );
});

it("makes a peer of a child agent that is not one yet, and of nothing else (O17)", () => {
  for (const isPeerExpected of [false, true]) {
    for (const isPeerReady of [false, true]) {
      const taken = step("running", "peer_ready", { isPeerExpected, isPeerReady });

      expect({ isPeerExpected, isPeerReady, isTaken: taken !== null }).toEqual({
        isPeerExpected,
        isPeerReady,
        isTaken: isPeerExpected && !isPeerReady,
      });
    }
  }
});

it("records a completion exactly when an operation ends (O16)", () => {
  fc.assert(
    fc.property(anyLife, (events) => {
      for (const { next, effects } of takenOf(events)) {
        expect(effects.includes("recordCompletion")).toBe((TERMINAL as readonly string[]).includes(next));
      }
    }),
  );
});
