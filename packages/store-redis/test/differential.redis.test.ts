/**
 * Redis against the model: random lives of a store, played on both in lock-step.
 *
 *   HOLDFAST_DIFFERENTIAL_RUNS   how many lives, 300 unless given
 *   HOLDFAST_DIFFERENTIAL_SEED, HOLDFAST_DIFFERENTIAL_PATH   replay a failure
 */
import { createMemoryStore } from "@holdfast/store-memory";
import { anyCommands, createVirtualClock, type DifferentialRig, playCommands } from "@holdfast/testkit";
import fc, { type RunDetails } from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { dumpSession } from "./dump-session.ts";
import { openTimedStore, type TimedStore } from "./open-store.ts";

const RUNS = Number(process.env["HOLDFAST_DIFFERENTIAL_RUNS"] ?? 300);
const SEED = process.env["HOLDFAST_DIFFERENTIAL_SEED"];
const PATH = process.env["HOLDFAST_DIFFERENTIAL_PATH"];
const BUDGET = { maxLosses: 3 };
const FILE = "packages/store-redis/test/differential.redis.test.ts";

let redis: TimedStore;

beforeAll(async () => {
  // One bucket, because the model has one.
  redis = await openTimedStore({ buckets: 1, budget: BUDGET });
});

afterAll(() => redis.close());

it(`answers and stores what the model does, over ${RUNS} random lives`, {
  timeout: 60_000 + RUNS * 1_000,
}, async () => {
  const details = await fc.check(
    fc.asyncProperty(anyCommands(), async (commands) => playCommands(await freshRig(), commands)),
    {
      numRuns: RUNS,
      ...(SEED === undefined ? {} : { seed: Number(SEED) }),
      ...(PATH === undefined ? {} : { path: PATH, endOnFailure: true }),
    },
  );

  expect(details.failed ? reportOf(details) : null).toBeNull();
});

/** Both stores empty, at the same time of the same clock. */
async function freshRig(): Promise<DifferentialRig> {
  await redis.reset();
  const clock = createVirtualClock(redis.now());
  const memory = createMemoryStore({ clock, budget: BUDGET });
  return {
    left: { store: memory, inspect: async (ref) => memory.inspect(ref) },
    right: { store: redis.store, inspect: (ref) => dumpSession(redis.client, redis.store.keys, ref) },
    now: () => clock.now(),
    advanceTime: async (ms) => {
      clock.jump(ms);
      await redis.advanceTime(ms);
    },
  };
}

function reportOf<T>({ seed, counterexamplePath, counterexample, errorInstance, numRuns }: RunDetails<T>): string {
  const commands = ((counterexample as unknown as [readonly unknown[]] | null)?.[0] ?? []).map((command) =>
    JSON.stringify(command),
  );
  return [
    `the stores differ in life ${numRuns}`,
    String((errorInstance as Error | null)?.message),
    `the shortest life that shows it:\n  ${commands.join("\n  ")}`,
    `replay it with\n  HOLDFAST_DIFFERENTIAL_SEED=${seed} HOLDFAST_DIFFERENTIAL_PATH=${counterexamplePath} npx vitest run --project redis ${FILE}`,
  ].join("\n");
}
