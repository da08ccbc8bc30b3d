import { describe, expect, it } from "vitest";
import type { Store } from "../src/index.ts";
import { withLedger } from "./support/calls.ts";
import { recording } from "./support/executors.ts";
import { createWorld } from "./support/world.ts";

describe("a sweeper", () => {
  it("keeps to its interval, because what is overdue waits for one of them at most", async () => {
    const world = createWorld();
    const { sweepPollMs } = world.timing;
    const sweptAt: number[] = [];
    const wrap = (store: Store): Store =>
      withLedger((ledger) => ({
        sweep: (limit) => {
          sweptAt.push(world.clock.monotonic());
          return ledger.sweep(limit);
        },
      }))(store);
    await world.start("worker", { executors: [recording()], wrap });

    await world.advance(10 * sweepPollMs);

    const gaps = sweptAt.map((at, index) => at - (sweptAt[index - 1] ?? 0));
    expect(sweptAt).toHaveLength(10);
    expect(gaps[0]).toBeLessThan(sweepPollMs);
    expect(gaps.slice(1).map(Math.round)).toEqual(Array(9).fill(sweepPollMs));
  });

  it("begins where chance says, so that workers that start together do not ask together", async () => {
    const world = createWorld();
    const firsts: number[] = [];
    for (const name of ["one", "two", "three"]) {
      let isFirst = true;
      const wrap = withLedger((ledger) => ({
        sweep: (limit) => {
          if (isFirst) firsts.push(world.clock.monotonic());
          isFirst = false;
          return ledger.sweep(limit);
        },
      }));
      await world.start(name, { executors: [recording()], wrap });
    }

    await world.advance(world.timing.sweepPollMs);

    expect(new Set(firsts).size).toBe(3);
  });
});
