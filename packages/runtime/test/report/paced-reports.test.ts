import { createVirtualClock } from "@holdfast/testkit";
import { expect, it } from "vitest";
import { paceReports, type Report } from "../../src/index.ts";

function open() {
  const clock = createVirtualClock();
  const heard: (readonly [number, string, Report["fields"]])[] = [];
  const reports = paceReports(({ phrase, fields }) => heard.push([clock.monotonic(), phrase, fields]), clock);
  const say = (phrase: string, fields: Report["fields"] = {}) => reports.report({ level: "warn", phrase, fields });
  return { clock, heard, reports, say };
}

it("hands on the first report of a phrase at once", () => {
  const { heard, say } = open();

  say("wake not queued", { error: 1 });

  expect(heard).toEqual([[0, "wake not queued", { error: 1 }]]);
});

it("says after ten seconds how often the same was reported in between, and what came last", async () => {
  const { clock, heard, say } = open();
  for (let error = 1; error <= 1_000; error += 1) say("wake not queued", { error });

  await clock.advance(9_999);
  const before = heard.length;
  await clock.advance(1);

  expect(before).toBe(1);
  expect(heard.slice(1)).toEqual([[10_000, "wake not queued", { error: 1_000, times: 999 }]]);
});

it("prints a minute of trouble in seven lines", async () => {
  const { clock, heard, say } = open();

  for (let elapsedMs = 0; elapsedMs < 60_000; elapsedMs += 50) {
    say("sweep failed");
    await clock.advance(50);
  }

  expect(heard.map(([at]) => at)).toEqual([0, 10_000, 20_000, 30_000, 40_000, 50_000, 60_000]);
  expect(heard.map(([, , fields]) => fields["times"] ?? 1).reduce((sum: number, n) => sum + Number(n), 0)).toBe(1_200);
});

it("does not let one phrase keep another one back", () => {
  const { heard, say } = open();

  say("wake not queued");
  say("sweep failed");
  say("wake not queued");

  expect(heard.map(([, phrase]) => phrase)).toEqual(["wake not queued", "sweep failed"]);
});

it("hands on at once what comes after ten quiet seconds, and keeps no timer for it", async () => {
  const { clock, heard, say } = open();
  say("sweep failed");
  await clock.advance(10_000);
  const timers = clock.pending();

  say("sweep failed", { error: 2 });

  expect(timers).toBe(0);
  expect(heard).toEqual([
    [0, "sweep failed", {}],
    [10_000, "sweep failed", { error: 2 }],
  ]);
});

it("hands on a report that stood alone as it is", async () => {
  const { clock, heard, say } = open();
  say("sweep failed", { error: 1 });
  say("sweep failed", { error: 2 });

  await clock.advance(10_000);

  expect(heard[1]).toEqual([10_000, "sweep failed", { error: 2 }]);
});

it("keeps nothing back when it is closed", () => {
  const { clock, heard, reports, say } = open();
  say("sweep failed");
  say("sweep failed", { error: 2 });

  reports.close();
  say("sweep failed", { error: 3 });

  expect(heard.map(([, , fields]) => fields)).toEqual([{}, { error: 2 }, { error: 3 }]);
  expect(clock.pending()).toBe(0);
});
