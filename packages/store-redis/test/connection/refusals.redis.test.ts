import { type PrivateRedis, startPrivateRedis } from "@holdfast/redis-server";
import { sessionRef } from "@holdfast/testkit";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createRedisStore, encodeRef, type RedisStore } from "../../src/index.ts";
import { freshNamespace } from "../open-store.ts";

const ref = sessionRef("chat/42");
const plain = { binding: null, settings: null, mayRevive: false };
const stores: RedisStore[] = [];
let redis: PrivateRedis;
let admin: Redis;

beforeAll(async () => {
  redis = await startPrivateRedis();
  admin = new Redis(redis.url);
  await admin.call("ACL", "SETUSER", "limited", "on", ">secret", "~*", "&*", "+@all");
});

afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
});

afterAll(async () => {
  admin.disconnect();
  await redis.stop();
});

function urlAs(password: string): string {
  return redis.url.replace("//", `//limited:${password}@`);
}

async function open(): Promise<RedisStore> {
  const store = await createRedisStore({
    url: urlAs("secret"),
    namespace: freshNamespace(),
    buckets: 4,
    patienceMs: 100,
  });
  stores.push(store);
  return store;
}

describe("a server that refuses", () => {
  it("a command of this user makes the store unavailable, not corrupt, until it is allowed again", async () => {
    const store = await open();
    await store.directory.register({ ...plain, ref });
    await admin.call("ACL", "SETUSER", "limited", "-fcall", "-hmget");

    await expect(store.directory.register({ ...plain, ref })).rejects.toMatchObject({ code: "store.unavailable" });
    await expect(store.directory.find(ref)).rejects.toMatchObject({ code: "store.unavailable" });
    await expect(store.archive.explainFacts(ref)).rejects.toMatchObject({ code: "store.unavailable" });

    await admin.call("ACL", "SETUSER", "limited", "+@all");
    expect(await store.directory.find(ref)).toMatchObject({ phase: "idle" });
  });

  it("a password is told from a server that does not answer, without the password", async () => {
    const refused = createRedisStore({ url: urlAs("wrong") });
    const absent = createRedisStore({ url: "redis://127.0.0.1:1" });

    const [ofRefused, ofAbsent] = await Promise.all([refused.catch(String), absent.catch(String)]);

    expect(ofRefused).toContain("WRONGPASS");
    expect(ofRefused).not.toContain("wrong@");
    expect(ofAbsent).not.toContain("WRONGPASS");
    await expect(refused).rejects.toMatchObject({ code: "store.unavailable" });
    await expect(absent).rejects.toMatchObject({ code: "store.unavailable" });
  });
});

it("tells a session whose key holds something else as corrupt, however it is asked about", async () => {
  const store = await open();
  await store.directory.register({ ...plain, ref });
  const key = store.keys.session(ref).session;
  expect(key).toContain(encodeRef(ref));
  await admin.set(key, "not a session");

  await expect(store.directory.find(ref)).rejects.toMatchObject({ code: "store.corrupt" });
  await expect(store.archive.explainFacts(ref)).rejects.toMatchObject({ code: "store.corrupt" });
});
