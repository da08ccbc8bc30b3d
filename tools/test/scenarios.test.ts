import { describe, expect, it } from "vitest";
import { idsOf, reportScenarios, unknownIds, waiversOf } from "../scenarios.mjs";

const SCENARIOS = ["REG-01", "REG-02", "REG-03", "REG-04"].map((id) => ({ id, area: "registration" }));

function result(title: string, store: string, hasPassed = true) {
  return { title, store, hasPassed };
}

describe("scenarios", () => {
  it("are named by the ids at the front of a title, and by no other", () => {
    expect(idsOf("REG-01 REG-02, REG-03: a session is found, unlike in REG-04")).toEqual([
      "REG-01",
      "REG-02",
      "REG-03",
    ]);
    expect(idsOf("a session of REG-01 is found")).toEqual([]);
  });

  it("are covered only when a test passed on every store", () => {
    const results = [
      result("REG-01 holds", "memory"),
      result("REG-01 holds", "redis"),
      result("REG-02 holds", "redis"),
      result("REG-03 holds", "memory"),
      result("REG-03 holds", "redis", false),
    ];

    const [report] = reportScenarios({ scenarios: SCENARIOS, results, waivers: new Set() });

    expect(report).toEqual({
      area: "registration",
      covered: ["REG-01"],
      failing: ["REG-03"],
      waived: [],
      missing: ["REG-02", "REG-04"],
    });
  });

  it("are waived by a row of the page, unless a test of them fails", () => {
    const waivers = waiversOf("| id | instead |\n|---|---|\n| REG-01 | this |\n| REG-02, REG-03 | that |\n");
    const results = [result("REG-02 holds", "memory", false)];

    const [report] = reportScenarios({ scenarios: SCENARIOS, results, waivers });

    expect(report).toMatchObject({ waived: ["REG-01", "REG-03"], failing: ["REG-02"], missing: ["REG-04"] });
  });

  it("that a title names and nobody wrote are told", () => {
    expect(unknownIds({ scenarios: SCENARIOS, results: [result("REG-77 holds", "memory")] })).toEqual(["REG-77"]);
  });
});
