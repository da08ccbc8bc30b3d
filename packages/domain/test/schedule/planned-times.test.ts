import { MAX_CATCH_UP, type ScheduleTiming } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { dueTimes, findTimingFault, nextPlannedAt } from "../../src/schedule/planned-times.ts";

const at = (iso: string) => Date.parse(iso);
const cron = (expression: string, timezone = "UTC"): ScheduleTiming => ({ type: "cron", expression, timezone });
const minutes = { timing: { type: "every", everyMs: 60_000 } as const, anchorAt: 1_000 };

describe("a timing", () => {
  it.each(["9999-12-31T23:59:59Z", "@daily", "* * * *", "0 0 0 1 1 * 2099"])(
    "is five fields, or six: not %s",
    (expression) => {
      expect(findTimingFault(cron(expression), 0)).toMatch(/fields/);
    },
  );

  it.each(["* * * * *", " */5 *  * * * * "])("may be %j", (expression) => {
    expect(findTimingFault(cron(expression), 0)).toBeNull();
  });
});

describe("the next planned time", () => {
  it.each([
    [cron("*/15 * * * *"), "2030-01-01T00:15:00Z"],
    [cron("0 9 * * *", "Europe/Berlin"), "2030-01-01T08:00:00Z"],
    [cron("*/10 * * * * *"), "2030-01-01T00:00:10Z"],
  ])("of %o", (timing, expected) => {
    expect(nextPlannedAt({ timing, anchorAt: 0 }, at("2030-01-01T00:00:00Z"))).toBe(at(expected));
  });

  it("keeps the hour of the wall over a change of the clocks", () => {
    const plan = { timing: cron("0 9 * * *", "Europe/Berlin"), anchorAt: 0 };

    expect(nextPlannedAt(plan, at("2030-03-30T12:00:00Z"))).toBe(at("2030-03-31T07:00:00Z"));
  });

  it("of an interval counts from its anchor, whenever one looks", () => {
    expect([1_000, 1_001, 60_999, 61_000].map((after) => nextPlannedAt(minutes, after))).toEqual([
      61_000, 61_000, 61_000, 121_000,
    ]);
  });
});

describe("what is due", () => {
  const hour = 3_600_000;

  it.each([
    ["skip", [], 60],
    ["one", [hour + 1_000], 59],
    ["all", Array.from({ length: 60 }, (_, n) => 1_000 + (n + 1) * 60_000), 0],
  ] as const)("after an hour nobody looked, by %s", (catchUp, times, skipped) => {
    // Half a minute and more after the last one.
    const due = dueTimes(minutes, catchUp, { from: 61_000, now: hour + 32_000 });

    expect(due).toEqual({ times, skipped });
  });

  it("is what is on time, whatever is caught up with", () => {
    for (const catchUp of ["skip", "one", "all"] as const) {
      expect(dueTimes(minutes, catchUp, { from: 61_000, now: 62_000 })).toEqual({ times: [61_000], skipped: 0 });
    }
  });

  it("is bounded, and the latest", () => {
    const { times } = dueTimes(minutes, "all", { from: 61_000, now: 1_000 + 500 * 60_000 });

    expect(times).toHaveLength(MAX_CATCH_UP);
    expect(times.at(-1)).toBe(1_000 + 500 * 60_000);
  });

  it("includes the planned times of an expression at both ends", () => {
    const plan = { timing: cron("*/5 * * * *"), anchorAt: 0 };
    const due = dueTimes(plan, "all", { from: at("2030-01-01T00:00:00Z"), now: at("2030-01-01T00:10:00Z") });

    expect(due.times).toEqual(["00", "05", "10"].map((minute) => at(`2030-01-01T00:${minute}:00Z`)));
  });
});

it.each([cron("bad"), cron("* * * * *", "No/Where"), cron("0 0 30 2 *")])("refuses %o", (timing) => {
  expect(findTimingFault(timing, 0)).not.toBeNull();
  expect(findTimingFault(cron("* * * * *"), 0)).toBeNull();
});
