import { expect, it } from "vitest";
import { findTransition } from "../../src/machine/compile-table.ts";
import { OBLIGATION_TABLE, SESSION_TABLE } from "../../src/machine/machines.ts";

const close = (state: string, isForced: boolean) =>
  findTransition(OBLIGATION_TABLE.rows, { state, event: "obligation.close", bits: isForced ? "1" : "0" });

it("closes an obligation by feedback or by force, once [S6]", () => {
  expect(close("open", false)?.next).toBe("closed");
  expect(close("open", true)?.next).toBe("forced");
  expect([close("closed", false), close("closed", true), close("forced", false), close("forced", true)]).toEqual([
    null,
    null,
    null,
    null,
  ]);
});

it("removes a draining session only without a run and with every obligation closed [S4]", () => {
  const commit = (bits: string) =>
    findTransition(SESSION_TABLE.rows, { state: "draining", event: "unregister.commit", bits });

  expect(SESSION_TABLE.eventFacts["unregister.commit"]).toEqual(["hasRun", "areObligationsClosed"]);
  expect(commit("01")).toMatchObject({ next: "idle", effects: expect.arrayContaining(["leaveDirectory"]) });
  expect([commit("00"), commit("10"), commit("11")]).toEqual([null, null, null]);
});

it("begins no second unregistration while one is under way [S4]", () => {
  expect(findTransition(SESSION_TABLE.rows, { state: "draining", event: "unregister.begin", bits: "" })).toBeNull();
  for (const state of ["idle", "retired", "stopped", "recovering"]) {
    expect(findTransition(SESSION_TABLE.rows, { state, event: "unregister.begin", bits: "" })?.next).toBe("draining");
  }
});
