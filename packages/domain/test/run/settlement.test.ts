import { RunSettlement } from "@holdfast/contracts";
import { expect, it } from "vitest";
import { RUN_TABLE } from "../../src/machine/machines.ts";
import { RECEIPT_RESULTS, SETTLEMENT_EVENTS } from "../../src/run/settlement.ts";

it("raises for every settlement an event that the run takes while it is staged", () => {
  for (const settlement of RunSettlement.options) {
    const facts = RUN_TABLE.eventFacts[SETTLEMENT_EVENTS[settlement]] ?? [];
    expect(RUN_TABLE.rows).toHaveProperty([`staged|${SETTLEMENT_EVENTS[settlement]}|${facts.map(() => "0").join("")}`]);
  }
});

it("leaves a receipt of what was decided, and none of what was not", () => {
  const results: Readonly<Record<string, unknown>> = RECEIPT_RESULTS;

  expect(RunSettlement.options.filter((settlement) => results[settlement] === true)).toEqual([
    "completed",
    "cancelled",
    "suspended",
    "superseded",
    "checkpointed",
  ]);
});
