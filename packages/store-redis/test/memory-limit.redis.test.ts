import { type PrivateRedis, startPrivateRedis } from "@holdfast/redis-server";
import { admitCommand, completed, driveSession, nodeId, sessionRef } from "@holdfast/testkit";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createRedisStore, type RedisStore, type RedisStoreOptions } from "../src/index.ts";
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

async function open(namespace: string, options: Partial<RedisStoreOptions> = {}): Promise<RedisStore> {
  const store = await createRedisStore({ url: redis.url, namespace, buckets: 4, patienceMs: 100, ...options });
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
    await expect(store.directory.register({ ...unbound, ref })).rejects.toMatchObject({ code: "store.limited" });
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

    await expect(open(freshNamespace())).rejects.toMatchObject({ code: "store.limited" });
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

describe("a server beyond the watermark", () => {
  /** Reads the server's memory whenever somebody asks. */
  const watching = { memory: { readMs: 0 } };

  /** So much that what is used is beyond nine tenths of it, and far from all of it. */
  async function nearlyFill(): Promise<void> {
    const used = Number(/used_memory:(\d+)/.exec(await admin.info("memory"))?.[1]);
    await admin.config("SET", "maxmemory", String(Math.round(used / 0.95)));
  }

  it("admits nothing new and says so, while what is there drains [G14]", async () => {
    const store = await open(freshNamespace(), watching);
    const session = driveSession(store, ref);
    await session.register();
    const { inputId } = await session.accept({ key: "first" });
    const batch = await session.stage();
    await session.accept({ key: "second" });
    await nearlyFill();
    // A repeat is answered in any case, and is what the server's memory is read for.
    expect(await session.admit({ key: "first" })).toMatchObject({ kind: "deduplicated", existingId: inputId });

    const refused = await session.admit({ key: "third" });

    expect(refused).toMatchObject({
      kind: "store_full",
      usedBytes: expect.any(Number),
      limitBytes: expect.any(Number),
    });
    expect(await session.admit({ key: "first" })).toMatchObject({ kind: "deduplicated", existingId: inputId });
    const { claimId } = batch.fence;
    expect(await store.ledger.renew([{ ref, claimId }])).toMatchObject([{ kind: "renewed" }]);
    const next = await session.stageNext(batch, completed());
    await session.commit(next, completed());
    expect((await session.inputs()).map(({ status }) => status)).toEqual(["consumed", "consumed"]);
    expect(await store.ledger.sweep(10)).toEqual([]);

    await admin.config("SET", "maxmemory", "0");
    expect(await session.admit({ key: "third" })).toMatchObject({ kind: "accepted" });
  });

  it("begins no run of a sender [G14]", async () => {
    const store = await open(freshNamespace(), watching);
    const session = driveSession(store, ref);
    await session.register();
    await session.accept({ key: "first" });
    await session.commitOne();
    await nearlyFill();
    await session.admit({ key: "first" });
    const admission = admitCommand(ref, session.ids);
    const begin = { admission, claimId: session.ids.claim(), node: nodeId("sender"), newRunId: session.ids.run() };

    expect(await store.directRuns.begin(begin)).toMatchObject({ kind: "store_full" });

    await admin.config("SET", "maxmemory", "0");
    expect(await store.directRuns.begin(begin)).toMatchObject({ kind: "begun" });
  });
});
