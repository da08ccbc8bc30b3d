/** The differential test is evidence only if it fails on scripts that are wrong: each of these is, by a little. */
import { anyCommands, playCommands } from "@holdfast/testkit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { freshRig, openComparedStore } from "./differential-rig.ts";
import { withTestClock } from "./open-store.ts";

interface Mutant {
  readonly name: string;
  readonly from: string;
  readonly to: string;
}

const MUTANTS: readonly Mutant[] = [
  { name: "a lease that lives a millisecond longer", from: "t < hold.leaseUntil and", to: "t <= hold.leaseUntil and" },
  {
    name: "a due time a millisecond early",
    from: "next_hold.leaseUntil + A.graceMs",
    to: "next_hold.leaseUntil + A.graceMs - 1",
  },
  {
    name: "an input woken one admission too late",
    from: "record.admission <= c.h.wokenThrough",
    to: "record.admission < c.h.wokenThrough",
  },
  {
    name: "a budget of one attempt more",
    from: "record[why.counter] + 1 >= why.limit",
    to: "record[why.counter] >= why.limit",
  },
  { name: "a batch split one loss too late", from: "records[1].losses >= 1", to: "records[1].losses >= 2" },
  { name: "a hole that is stepped over too early", from: "passed.place + 1", to: "passed.place + 2" },
  { name: "a token that nobody compares", from: "hold.token ~= A.token or ", to: "" },
  { name: "a repeat that any result may be", from: "last.settlementDigest ~= A.settlementDigest", to: "false" },
];

const LIVES = 300;

describe("the differential test", () => {
  it.each(MUTANTS)("finds $name", { timeout: 120_000 }, async ({ from, to }) => {
    const redis = await openComparedStore({ prepareSource: (source) => mutated(withTestClock(source), { from, to }) });
    try {
      const { failed } = await fc.check(
        fc.asyncProperty(anyCommands(), async (commands) => {
          await playCommands(await freshRig(redis), commands);
        }),
        { numRuns: LIVES, seed: 1, endOnFailure: true },
      );

      expect(failed).toBe(true);
    } finally {
      await redis.close();
    }
  });
});

function mutated(source: string, { from, to }: Pick<Mutant, "from" | "to">): string {
  if (!source.includes(from)) throw new Error(`the scripts do not say ${from}`);
  return source.replaceAll(from, to);
}
