import { type PrivateRedis, startPrivateRedis } from "@holdfast/redis-server";
import { sessionRef } from "@holdfast/testkit";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createRedisStore, type RedisStore } from "../src/index.ts";
import { freshNamespace } from "./open-store.ts";

const ref = sessionRef("chat/42");
const unbound = { binding: null, settings: null, mayRevive: false };
const stores: RedisStore[] = [];
let redis: PrivateRedis;
let admin: Redis;

beforeAll(async () => {
  redis = await startPrivateRedis();
  admin = new Redis(redis.url);
});

afterEach(async () => {
  await admin.config("SET", "maxmemory", "0");
  for (const store of stores.splice(0)) await store.close();
});

afterAll(async () => {
  admin.disconnect();
  await redis.stop();
});

async function open(namespace: string): Promise<RedisStore> {
  const store = await createRedisStore({ url: redis.url, namespace, buckets: 4, patienceMs: 100 });
  stores.push(store);
  return store;
}

function fill(): Promise<unknown> {
  return admin.config("SET", "maxmemory", "1mb");
}

describe("a server at its memory limit", () => {
  it("opens a store that is there, sheds what is new, and lets what is there drain", async () => {
    const namespace = freshNamespace();
    await open(namespace);
    await fill();

    const store = await open(namespace);

    expect(await store.ledger.sweep(10)).toEqual([]);
    expect(await store.presence.adopt("echo", 10)).toBe(0);
    await expect(store.directory.register({ ...unbound, ref })).rejects.toMatchObject({ code: "store.unavailable" });
  });

  it("still says why a session stands still", async () => {
    const store = await open(freshNamespace());
    await store.directory.register({ ...unbound, ref });
    await fill();

    expect(await store.archive.explainFacts(ref)).toMatchObject({
      record: { phase: "idle", binding: null },
      run: null,
    });
  });

  it("takes no new store", async () => {
    await fill();

    await expect(open(freshNamespace())).rejects.toMatchObject({ code: "store.unavailable" });
  });

  it("that was restarted without the scripts takes them once it has room", async () => {
    const namespace = freshNamespace();
    await open(namespace);
    await fill();
    await admin.function("FLUSH");
    const store = await open(namespace);
    await expect(store.ledger.sweep(10)).rejects.toMatchObject({ code: "store.unavailable" });

    await admin.config("SET", "maxmemory", "0");

    expect(await store.ledger.sweep(10)).toEqual([]);
  });
});
