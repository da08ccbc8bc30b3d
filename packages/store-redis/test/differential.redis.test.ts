/**
 * Redis against the model: random lives of a store, played on both in lock-step.
 *
 *   HOLDFAST_DIFFERENTIAL_RUNS   how many lives, 300 unless given
 *   HOLDFAST_DIFFERENTIAL_SEED, HOLDFAST_DIFFERENTIAL_PATH   replay a failure
 */
import { KEPT_SCOPES } from "@holdfast/contracts";
import type { SessionImage } from "@holdfast/store-memory";
import { anyCommands, driveSession, event, playCommands, sessionRef } from "@holdfast/testkit";
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

it("remembers the latest scopes as the model does, and those of which something waits [G14, M6]", async () => {
  const { left, right } = await freshRig(redis);
  const ref = sessionRef("scopes");
  for (const { store } of [left, right]) {
    const session = driveSession(store, ref);
    await session.register();
    const admit = (scope: string, queue: "replace" | "supersede") =>
      session.accept({ input: event("tick", { scope }), queue });
    // Each ends the one before it.
    for (let count = 0; count < 4 * KEPT_SCOPES; count += 1) await admit(`over ${count}`, "replace");
    for (let count = 0; count < 2 * KEPT_SCOPES; count += 1) await admit(`waiting ${count}`, "supersede");
  }

  const image = (await right.inspect(ref)) as { session: SessionImage };

  expect(image).toEqual(await left.inspect(ref));
  const scopes = Object.keys(image.session.scopes);
  expect(scopes.filter((scope) => scope.includes("waiting"))).toHaveLength(2 * KEPT_SCOPES);
  expect(scopes.length).toBeLessThanOrEqual(3 * KEPT_SCOPES);
});

function reportOf<T>({ seed, counterexamplePath, counterexample, errorInstance, numRuns }: RunDetails<T>): string {
  const [commands] = (counterexample ?? [[]]) as unknown as [readonly unknown[]];
  return [
    `life ${numRuns}: ${String((errorInstance as Error | null)?.message)}`,
    `the shortest life that shows it:\n  ${commands.map((command) => JSON.stringify(command)).join("\n  ")}`,
    `replay it with\n  HOLDFAST_DIFFERENTIAL_SEED=${seed} HOLDFAST_DIFFERENTIAL_PATH=${counterexamplePath} npx vitest run --project redis ${FILE}`,
  ].join("\n");
}
