import { RunStatus } from "@holdfast/contracts";
import fc from "fast-check";
import { expect, it } from "vitest";
import { bitsOf, findTransition } from "../../src/machine/compile-table.ts";
import { RUN_TABLE } from "../../src/machine/machines.ts";
import type { RunFacts, RunMachineEventType } from "../../src/run/run-machine.ts";
import { RECEIPT_RESULTS, SETTLEMENT_EVENTS } from "../../src/run/settlement.ts";
import { eventsOf, type FactualEvent } from "../machine/machine-paths.ts";

/** What follows an event in a status, or `null` when it is refused. */
function step(status: string, event: RunMachineEventType, facts: Partial<RunFacts> = {}) {
  const bits = bitsOf(RUN_TABLE.eventFacts[event] ?? [], { ...facts });
  return findTransition(RUN_TABLE.rows, { state: status, event, bits });
}

function takenOf(events: readonly FactualEvent[]) {
  let status = RUN_TABLE.initial;
  return events.flatMap(({ type, facts }) => {
    const found = step(status, type as RunMachineEventType, facts);
    if (found === null) return [];
    const taken = { from: status, type, ...found };
    status = found.next;
    return [taken];
  });
}

const anyLife = fc.array(fc.constantFrom(...eventsOf(RUN_TABLE)), { maxLength: 40 });

it("knows the statuses of the contracts and no other", () => {
  expect([...RUN_TABLE.states].sort()).toEqual([...RunStatus.options].sort());
});

it("never starts an ended run again (R1)", () => {
  expect([...RUN_TABLE.finalStates].sort()).toEqual(["cancelled", "completed", "failed", "superseded"]);
  fc.assert(
    fc.property(anyLife, (events) => {
      const left = takenOf(events).map(({ from }) => from);

      expect(left.filter((status) => RUN_TABLE.finalStates.includes(status))).toEqual([]);
    }),
  );
});

it.each(["run.fail", "run.lose"] as const)("lets a run wait after %s until its budget is spent (R2)", (event) => {
  expect(step("staged", event, { isBudgetSpent: false })).toEqual({ next: "waiting", effects: [] });
  expect(step("staged", event, { isBudgetSpent: true })).toEqual({ next: "failed", effects: ["clearJournal"] });
});

it("fails a run by a spent budget and by nothing else (R2)", () => {
  fc.assert(
    fc.property(anyLife, (events) => {
      const life = events.map((event) => ({ ...event, facts: { ...event.facts, isBudgetSpent: false } }));

      expect(takenOf(life).map(({ next }) => next)).not.toContain("failed");
    }),
  );
});

it("keeps the journal while a run can be tried again, and clears it when it ends", () => {
  fc.assert(
    fc.property(anyLife, (events) => {
      for (const { next, effects } of takenOf(events)) {
        expect(effects.includes("clearJournal")).toBe(RUN_TABLE.finalStates.includes(next));
      }
    }),
  );
});

it("executes one attempt at a time and counts each", () => {
  expect(step("staged", "run.stage")).toBeNull();
  expect(step("waiting", "run.stage")?.effects).toEqual(["countAttempt"]);
});

it("stages a suspended run again only after it was resumed (R3)", () => {
  expect(step("suspended", "run.stage")).toBeNull();
  expect(step("suspended", "run.resume")).toEqual({ next: "waiting", effects: [] });
});

it("takes the event of every settlement while it is staged, with a receipt exactly where one is left", () => {
  for (const [settlement, event] of Object.entries(SETTLEMENT_EVENTS)) {
    const taken = step("staged", event);

    expect({ settlement, isTaken: taken !== null }).toEqual({ settlement, isTaken: true });
    expect({ settlement, leaves: taken?.effects.includes("writeReceipt") }).toEqual({
      settlement,
      leaves: settlement in RECEIPT_RESULTS,
    });
  }
});

it("settles nothing that is not staged", () => {
  for (const status of RUN_TABLE.states.filter((name) => name !== "staged")) {
    for (const event of Object.values(SETTLEMENT_EVENTS)) expect(step(status, event)).toBeNull();
  }
});
