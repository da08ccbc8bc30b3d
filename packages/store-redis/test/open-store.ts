import type { WorkerRecord } from "@holdfast/runtime";
import type { StoreFactory } from "@holdfast/testkit";
import { Redis } from "ioredis";
import { inject } from "vitest";
import { createRedisStore, type Keyspace, type RedisStore, type RedisStoreOptions } from "../src/index.ts";

// Stores of one process share a clock, so that they share one library of scripts too.
const CLOCK_KEY = `test.${process.pid}:clock`;
const CLOCK = /local function now\(\)\n[\s\S]*?\nend/;
const TEST_CLOCK = `local function now() return tonumber(redis.call("GET", ${JSON.stringify(CLOCK_KEY)})) end`;
const START_AT = Date.UTC(2026, 0, 1);
let opened = 0;

/** The scripts, reading the time that tests set. */
export function withTestClock(source: string): string {
  return source.replace(CLOCK, TEST_CLOCK);
}

/** A key prefix that no other test has. */
export function freshNamespace(): string {
  opened += 1;
  return `test.${process.pid}.${opened}`;
}

/** A store on the test's Redis whose scripts read the time from a key. */
export interface TimedStore {
  readonly store: RedisStore;
  readonly client: Redis;
  readonly now: () => number;
  readonly advanceTime: (ms: number) => Promise<void>;
  /** Removes every session and starts time anew. */
  readonly reset: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Opens a store in a namespace of its own. */
export async function openTimedStore(options: Partial<RedisStoreOptions> = {}): Promise<TimedStore> {
  const url = inject("redisUrl");
  const namespace = options.namespace ?? freshNamespace();
  const client = new Redis(url);
  let now = START_AT;
  await client.set(CLOCK_KEY, now);
  const store = await createRedisStore({
    url,
    namespace,
    buckets: 4,
    prepareSource: withTestClock,
    ...options,
  });
  return {
    store,
    client,
    now: () => now,
    advanceTime: async (ms) => {
      now += ms;
      await client.set(CLOCK_KEY, now);
      await ageWorkers(client, store.keys.workers, ms);
    },
    reset: async () => {
      now = START_AT;
      await client.set(CLOCK_KEY, now);
      await removeSessions(client, store.keys);
    },
    close: async () => {
      await store.close();
      client.disconnect();
    },
  };
}

/** Leaves the sentinels that opening a store puts into its indexes. */
async function removeSessions(client: Redis, keys: Keyspace): Promise<void> {
  for (let bucket = 0; bucket < keys.buckets; bucket += 1) {
    const tag = keys.due(bucket).slice(0, -":due".length);
    const names = await client.keys(`${tag}:[slnba]:*`);
    await client
      .pipeline()
      .unlink(keys.due(bucket), keys.index(bucket), ...names)
      .zadd(keys.due(bucket), "+inf", "")
      .zadd(keys.index(bucket), 0, "")
      .hset(keys.meta(bucket), "token", 0)
      .exec();
  }
}

/** Workers carry the server's own time: to move time on is to make them older. */
async function ageWorkers(client: Redis, key: string, ms: number): Promise<void> {
  for (const [node, row] of Object.entries(await client.hgetall(key))) {
    const record = JSON.parse(row) as WorkerRecord;
    await client.hset(key, node, JSON.stringify({ ...record, seenAt: record.seenAt - ms }));
  }
}

/** A fresh store for one test of a conformance suite. */
export const openRedisStore: StoreFactory = async (options = {}) => {
  const { store, now, advanceTime, close } = await openTimedStore(options);
  return { ports: store, now, advanceTime, close };
};
