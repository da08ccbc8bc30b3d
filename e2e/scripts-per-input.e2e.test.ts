/**
 * What a busy session costs Redis, as a count: no clock and no machine changes it.
 *
 * The turn of the first input waits until all others are admitted, so the
 * session never drains in between; nothing of the background runs meanwhile.
 */

import { type PrivateRedis, startPrivateRedis } from "@holdfast/redis-server";
import { createHoldfast, defineExecutor, type Holdfast } from "holdfast";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, it } from "vitest";

const INPUTS = 200;
/** Longer than the test: no sweep, no renewal. Senders and workers must agree about leases. */
const QUIET = { sweepPollMs: 3_600_000, renewMs: 100_000, leaseMs: 300_000 };

let redis: PrivateRedis;
let client: Redis;
let worker: Holdfast;
let sender: Holdfast;
let openGate = (): void => {};
let turnBegan = (): void => {};
const gate = new Promise<void>((resolve) => {
  openGate = resolve;
});
const firstTurn = new Promise<void>((resolve) => {
  turnBegan = resolve;
});

const counting = defineExecutor("counting", async (turn) => {
  turnBegan();
  await gate;
  const n = ((turn.state as { readonly n: number } | null)?.n ?? 0) + 1;
  return turn.complete({ state: { n }, output: n });
});

beforeAll(async () => {
  redis = await startPrivateRedis();
  client = new Redis(redis.url);
  worker = await createHoldfast({ redis: redis.url, executors: [counting], timing: QUIET });
  sender = await createHoldfast({ redis: redis.url, timing: QUIET });
});

afterAll(async () => {
  openGate();
  await sender?.close({ graceMs: 0 });
  await worker?.close({ graceMs: 0 });
  client?.disconnect();
  await redis?.stop();
});

it("runs two scripts per input on a busy session: one admit, one advance", async () => {
  const session = sender.session("busy");
  await sender.runtime.ensureSessionWithExecutor(session.ref, { executor: counting.name, onFailure: "hold" });
  const before = await countScripts();

  const first = await session.send({ key: "input-0", text: "first" });
  await firstTurn;
  const rest = await Promise.all(
    Array.from({ length: INPUTS - 1 }, (_, index) => session.send({ key: `input-${index + 1}`, text: "and more" })),
  );
  const afterAdmission = await countScripts();
  openGate();
  const outcomes = await Promise.all([first, ...rest].map(({ completion }) => completion));
  const after = await countScripts();

  expect(outcomes.map((outcome) => outcome.kind === "completed" && outcome.output)).toEqual(
    Array.from({ length: INPUTS }, (_, index) => index + 1),
  );
  // The claim that began the hold is the only other one.
  expect(afterAdmission - before).toBe(INPUTS + 1);
  expect(after - afterAdmission).toBe(INPUTS);
});

/** Calls of our functions; scripts of the wake queue are of another kind. */
async function countScripts(): Promise<number> {
  const stats = await client.info("commandstats");
  return Number(/cmdstat_fcall:calls=(\d+)/.exec(stats)?.[1] ?? 0);
}
