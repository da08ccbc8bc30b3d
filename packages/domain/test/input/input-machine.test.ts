import { InputStatus } from "@holdfast/contracts";
import fc from "fast-check";
import { expect, it } from "vitest";
import { type InputFacts, type InputMachineEventType, inputMachine } from "../../src/input/input-machine.ts";
import { bitsOf, findTransition } from "../../src/machine/compile-table.ts";
import { INPUT_TABLE } from "../../src/machine/machines.ts";
import { eventsOf, type FactualEvent } from "../machine/machine-paths.ts";

/** What follows an event in a status, or `null` when it is refused. */
function step(status: string, event: InputMachineEventType, facts: Partial<InputFacts> = {}) {
  const bits = bitsOf(INPUT_TABLE.eventFacts[event] ?? [], { ...facts });
  return findTransition(INPUT_TABLE.rows, { state: status, event, bits });
}

/** The steps of a life that were taken, from birth. */
function takenOf(events: readonly FactualEvent[]) {
  let status = INPUT_TABLE.initial;
  return events.flatMap(({ type, facts }) => {
    const found = step(status, type as InputMachineEventType, facts);
    if (found === null) return [];
    const taken = { from: status, type, ...found };
    status = found.next;
    return [taken];
  });
}

const anyLife = fc.array(fc.constantFrom(...eventsOf(INPUT_TABLE)), { maxLength: 40 });
// From most births a random life dies early: this one begins queued.
const anyQueuedLife = anyLife.map((life) => [{ type: "input.queue", facts: {} }, ...life]);
const COUNTERS = ["countFailure", "countLoss"];

it("knows the statuses of the contracts, and `accepted` within admission", () => {
  expect(inputMachine.id).toBe("input");
  expect([...INPUT_TABLE.states].sort()).toEqual([...InputStatus.options, "accepted"].sort());
});

it("never changes a terminal input (N1)", () => {
  expect([...INPUT_TABLE.finalStates].sort()).toEqual(["abandoned", "coalesced", "consumed", "superseded"]);
  fc.assert(
    fc.property(anyQueuedLife, (events) => {
      const left = takenOf(events).map(({ from }) => from);

      expect(left.filter((status) => INPUT_TABLE.finalStates.includes(status))).toEqual([]);
    }),
  );
});

it("records an outcome exactly when an input becomes terminal (N1, G1)", () => {
  fc.assert(
    fc.property(anyQueuedLife, (events) => {
      for (const { next, effects } of takenOf(events)) {
        expect(effects.includes("recordOutcome")).toBe(INPUT_TABLE.finalStates.includes(next));
      }
    }),
  );
});

it("never queues again what was applied under a receipt (N2)", () => {
  const outOfApplied = eventsOf(INPUT_TABLE).flatMap(({ type, facts }) => {
    return step("applied_pending", type as InputMachineEventType, facts)?.next ?? [];
  });
  expect(outOfApplied).not.toContain("queued");

  fc.assert(
    fc.property(anyQueuedLife, (events) => {
      const taken = takenOf(events);
      const appliedAt = taken.findIndex(({ next }) => next === "applied_pending");
      if (appliedAt === -1) return;

      expect(taken.slice(appliedAt).map(({ next }) => next)).not.toContain("queued");
    }),
  );
});

it.each(["run.fail", "run.lose"] as const)("consumes what was applied when %s spends the budget (N2)", (event) => {
  expect(step("applied_pending", event, { isBudgetSpent: true })?.next).toBe("consumed");
  expect(step("applied_pending", event, { isBudgetSpent: false })?.next).toBe("applied_pending");
});

it.each([
  ["run.lose", ["countLoss"]],
  ["run.fail", ["countFailure"]],
  ["run.release", []],
] as const)("charges %s as %o, whatever the budget and the order of the session (N3)", (event, charged) => {
  for (const status of ["staged", "applied_pending"]) {
    for (const isBudgetSpent of [false, true]) {
      for (const isHeld of [false, true]) {
        const effects = step(status, event, { isBudgetSpent, isHeld })?.effects ?? ["refused"];

        expect(effects.filter((effect) => COUNTERS.includes(effect) || effect === "refused")).toEqual(charged);
      }
    }
  }
});

it("charges nothing but lost and failed attempts (N3)", () => {
  fc.assert(
    fc.property(anyQueuedLife, (events) => {
      for (const { type, effects } of takenOf(events)) {
        const isCharged = effects.some((effect) => COUNTERS.includes(effect));

        expect(isCharged).toBe(type === "run.lose" || type === "run.fail");
      }
    }),
  );
});

it("counts an attempt at every staging and nowhere else", () => {
  fc.assert(
    fc.property(anyQueuedLife, (events) => {
      for (const { type, effects } of takenOf(events))
        expect(effects.includes("countAttempt")).toBe(type === "run.stage");
    }),
  );
});

it.each([
  ["run.lose", {}, "returnToPlace"],
  ["run.release", {}, "returnToPlace"],
  ["run.fail", { isHeld: true }, "returnToPlace"],
  ["run.fail", { isHeld: false }, "moveBehind"],
] as const)("queues again after %s with %o by %s (G6)", (event, facts, movement) => {
  expect(step("staged", event, facts)).toMatchObject({ next: "queued", effects: expect.arrayContaining([movement]) });
});

it.each(["run.fail", "run.lose"] as const)("makes a dead letter of what spent its budget by %s", (event) => {
  expect(step("staged", event, { isBudgetSpent: true })).toMatchObject({
    next: "abandoned",
    effects: expect.arrayContaining(["recordOutcome", "deadLetter"]),
  });
});
