import { type PrivateRedis, startPrivateRedis } from "@holdfast/redis-server";
import { createHoldfast, type EventEnvelope, type Holdfast } from "holdfast";
import { Redis } from "ioredis";
import { afterEach, beforeEach, expect, it } from "vitest";
import { WorkerProcess } from "./harness/worker-process.ts";

let redis: PrivateRedis;
const closers: (() => Promise<void>)[] = [];

beforeEach(async () => {
  redis = await startPrivateRedis({ persistence: "everysec" });
  closers.push(() => redis.stop());
});

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function startWorker(env: Record<string, string> = {}): Promise<void> {
  const worker = await WorkerProcess.start({ redisUrl: redis.url, builtIn: "fold", env });
  closers.push(() => worker.kill());
}

async function connect(options: { wakeRedis?: string } = {}): Promise<Holdfast> {
  const client = await createHoldfast({ redis: redis.url, ...options });
  closers.push(() => client.close());
  return client;
}

/** Sends `count` inputs to each session and answers with their completions. */
async function sendAll(client: Holdfast, { sessions, count }: { sessions: number; count: number }) {
  const completions = Array.from({ length: sessions }, async (_, index) => {
    const session = client.session(`chat/${index}`, { executor: "fold" });
    const outcomes = [];
    for (let n = 1; n <= count; n += 1) outcomes.push((await session.send({ key: `m${n}`, text: "hello" })).completion);
    return outcomes;
  });
  return (await Promise.all(completions)).flat();
}

async function countsOf(client: Holdfast, sessions: number): Promise<unknown[]> {
  const states = Array.from({ length: sessions }, (_, index) => {
    return client.runtime.sessionState(client.session(`chat/${index}`).ref);
  });
  return (await Promise.all(states)).map(({ state }) => (state as { count: number }).count);
}

it("loses nothing when every key of the wake queue is deleted mid-way (G8)", async () => {
  const client = await connect();
  const commands = new Redis(redis.url);
  closers.push(async () => commands.disconnect());
  await startWorker();
  const completions = await sendAll(client, { sessions: 60, count: 5 });

  await completions[0];
  const deleted: string[] = [];
  for await (const keys of commands.scanStream({ match: "{hf.wake}*", count: 1_000 }) as AsyncIterable<string[]>) {
    deleted.push(...keys);
    if (keys.length > 0) await commands.del(...keys);
  }
  // The same keys again, and one more each.
  const repeated = await sendAll(client, { sessions: 60, count: 6 });
  await Promise.all([...completions, ...repeated]);

  expect(deleted.length).toBeGreaterThan(0);
  expect(await countsOf(client, 60)).toEqual(Array.from({ length: 60 }, () => 6));
});

it("runs everything without the queue when it takes jobs and never delivers one (G8)", async () => {
  // The worker listens on a queue that nobody writes to, the sender writes to one that nobody reads.
  const deaf = await startPrivateRedis({ persistence: "everysec" });
  closers.push(() => deaf.stop());
  await startWorker({ HOLDFAST_WAKE_REDIS_URL: deaf.url });
  const client = await connect();

  const completions = await sendAll(client, { sessions: 40, count: 3 });
  const outcomes = await Promise.all(completions);

  expect(outcomes.every(({ kind }) => kind === "completed")).toBe(true);
  expect(await countsOf(client, 40)).toEqual(Array.from({ length: 40 }, () => 3));
  expect(await longestWait(client, 40)).toBeLessThan(10_000);
});

/** The longest time between an admission at rest and the start of its run, by the store's clock, in milliseconds. */
async function longestWait(client: Holdfast, sessions: number): Promise<number> {
  const waits = Array.from({ length: sessions }, async (_, index) => {
    const { ref } = client.session(`chat/${index}`);
    const { items } = await client.runtime.listEvents(ref, { after: 0, limit: 100 });
    const timeOf = (type: EventEnvelope["event"]["type"]) =>
      Date.parse(items.find(({ event }) => event.type === type)?.at ?? "");
    return timeOf("run.started") - timeOf("input.accepted");
  });
  return Math.max(...(await Promise.all(waits)));
}
