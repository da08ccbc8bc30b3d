/**
 * Redis against the model: random lives of a store, played on both in lock-step.
 *
 *   HOLDFAST_DIFFERENTIAL_RUNS   how many lives, 300 unless given
 *   HOLDFAST_DIFFERENTIAL_SEED, HOLDFAST_DIFFERENTIAL_PATH   replay a failure
 */
import { anyCommands, playCommands } from "@holdfast/testkit";
import fc, { type RunDetails } from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freshRig, openComparedStore } from "./differential-rig.ts";
import type { TimedStore } from "./open-store.ts";

const RUNS = Number(process.env["HOLDFAST_DIFFERENTIAL_RUNS"] ?? 300);
const SEED = process.env["HOLDFAST_DIFFERENTIAL_SEED"];
const PATH = process.env["HOLDFAST_DIFFERENTIAL_PATH"];
const FILE = "packages/store-redis/test/differential.redis.test.ts";

let redis: TimedStore;

beforeAll(async () => {
  redis = await openComparedStore();
});

afterAll(() => redis.close());

it(`answers and stores what the model does, over ${RUNS} random lives`, {
  timeout: 60_000 + RUNS * 1_000,
}, async () => {
  const details = await fc.check(
    fc.asyncProperty(anyCommands(), async (commands) => {
      await playCommands(await freshRig(redis), commands);
    }),
    {
      numRuns: RUNS,
      ...(SEED === undefined ? {} : { seed: Number(SEED) }),
      ...(PATH === undefined ? {} : { path: PATH, endOnFailure: true }),
    },
  );

  expect(details.failed ? reportOf(details) : null).toBeNull();
});

function reportOf<T>({ seed, counterexamplePath, counterexample, errorInstance, numRuns }: RunDetails<T>): string {
  const [commands] = (counterexample ?? [[]]) as unknown as [readonly unknown[]];
  return [
    `life ${numRuns}: ${String((errorInstance as Error | null)?.message)}`,
    `the shortest life that shows it:\n  ${commands.map((command) => JSON.stringify(command)).join("\n  ")}`,
    `replay it with\n  HOLDFAST_DIFFERENTIAL_SEED=${seed} HOLDFAST_DIFFERENTIAL_PATH=${counterexamplePath} npx vitest run --project redis ${FILE}`,
  ].join("\n");
}
