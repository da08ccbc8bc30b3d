import { expect, it } from "vitest";
import { everySessionIsRight, runCommitsDemo, SLOW_MACHINE_MS } from "./support/run-commits-demo.ts";

it(
  "loses, doubles and reorders nothing while workers and an fsyncing Redis are killed (G1, G5, G6, G8, G9)",
  async () => {
    const { tally, verdict, kills, redisKills, repeated } = await runCommitsDemo({ hasRedisKill: true });

    expect(verdict).toEqual(everySessionIsRight);
    expect(tally).toMatchObject({ read: 13_541, bad: 0, admitted: 13_541, done: 13_541, failed: 0 });
    // The proof is worth something only if work was cut off in the middle.
    expect(kills).toBeGreaterThanOrEqual(3);
    expect(redisKills).toBe(1);
    expect(repeated).toBeGreaterThan(0);
  },
  SLOW_MACHINE_MS,
);
