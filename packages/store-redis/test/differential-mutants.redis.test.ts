/** The differential test is evidence only if it fails on scripts that are wrong: each of these is, by a little. */
import { anyCommands, playCommands } from "@holdfast/testkit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { freshRig, openComparedStore } from "./differential-rig.ts";
import { withTestClock } from "./open-store.ts";
import { bundle, FRAGMENT_FILES, type LuaFile, SCRIPT_FILES } from "./tools/read-lua.ts";

interface Mutant {
  readonly name: string;
  readonly from: string;
  readonly to: string;
}

const MUTANTS: readonly Mutant[] = [
  { name: "a lease that lives a millisecond longer", from: "t < hold.leaseUntil and", to: "t <= hold.leaseUntil and" },
  {
    name: "a due time a millisecond early",
    from: "at = c.hold.leaseUntil + A.graceMs",
    to: "at = c.hold.leaseUntil + A.graceMs - 1",
  },
  {
    name: "an input woken one admission too late",
    from: "record.admission <= head.wokenThrough",
    to: "record.admission < head.wokenThrough",
  },
  {
    name: "a budget of one attempt more",
    from: "record[why.counter] + 1 >= why.limit",
    to: "record[why.counter] >= why.limit",
  },
  { name: "a batch split one loss too late", from: "record.losses >= 1", to: "record.losses >= 2" },
  { name: "a hole that is stepped over too early", from: "passed_entry.place + 1", to: "passed_entry.place + 2" },
  {
    name: "a token that nobody compares",
    from: "hold.token ~= A.token or ",
    to: "hold.token ~= A.token and false or ",
  },
  { name: "a repeat that any result may be", from: "last.settlementDigest == A.settlementDigest", to: "true" },
];

const LIVES = 600;

describe("the differential test", () => {
  it.each(MUTANTS)("finds $name", { timeout: 120_000 }, async ({ from, to }) => {
    const redis = await openComparedStore({ prepareSource: () => withTestClock(mutated({ from, to })) });
    try {
      const { failed } = await fc.check(
        fc.asyncProperty(anyCommands(), async (commands) => {
          await playCommands(await freshRig(redis), commands);
        }),
        { numRuns: LIVES, seed: 3, endOnFailure: true },
      );

      expect(failed).toBe(true);
    } finally {
      await redis.close();
    }
  });
});

/** The library made of sources that differ in one place. */
function mutated({ from, to }: Pick<Mutant, "from" | "to">): string {
  const change = ({ name, text }: LuaFile): LuaFile => ({ name, text: text.replaceAll(from, to) });
  const library = bundle(SCRIPT_FILES.map(change), FRAGMENT_FILES.map(change));
  if (library === bundle()) throw new Error(`the scripts do not say ${from}`);
  return library;
}
