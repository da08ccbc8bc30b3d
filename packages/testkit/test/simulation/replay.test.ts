import { describe, expect, it } from "vitest";
import { live } from "./lives.ts";

const SEEDS = Array.from({ length: 60 }, (_, index) => index * 331 + 1);

describe("a simulated life", () => {
  it("is the same to the last event whenever its seed is lived again", async () => {
    const first = [];
    for (const seed of SEEDS) first.push((await live(seed)).digest());
    const again = [];
    for (const seed of SEEDS) again.push((await live(seed)).digest());

    expect(again).toEqual(first);
    expect(new Set(first).size).toBe(SEEDS.length);
  });

  it("can be read, one line for each event", async () => {
    const life = await live(1);

    expect(life.history()).toHaveLength(life.counts.events);
    expect(life.history().join("\n")).toMatch(/^ +\d+\.\d{3} {2}w1\.1 +start/m);
  });

  it("loses and repeats nothing while nothing goes wrong (G5)", async () => {
    const calm = [];
    for (let seed = 1; calm.length < 20; seed += 1) {
      const life = await live(seed);
      if (life.plan.isCalm) calm.push(life);
    }

    expect(calm.flatMap(({ violations }) => violations)).toEqual([]);
    expect(calm.map(({ counts }) => counts.fenced + counts.conflicts + counts.rollbacks)).toEqual(calm.map(() => 0));
    expect(calm.map(({ counts }) => counts.turns)).toEqual(calm.map(({ counts }) => counts.staged));
  });
});
