import { type PrivateRedis, type PrivateRedisOptions, startPrivateRedis } from "@holdfast/redis-server";
import { Redis } from "ioredis";
import { afterEach, expect, it } from "vitest";
import { createRedisStore, type ServerFacts } from "../../src/index.ts";
import { assertServerFit } from "../../src/startup/check-server.ts";

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function startServer(options: PrivateRedisOptions = {}): Promise<PrivateRedis> {
  const server = await startPrivateRedis(options);
  closers.push(() => server.stop());
  return server;
}

async function configure({ url }: PrivateRedis, name: string, value: string): Promise<void> {
  const client = new Redis(url);
  closers.push(() => client.disconnect());
  await client.config("SET", name, value);
}

async function ackOn({ url }: PrivateRedis): Promise<string> {
  const store = await createRedisStore({ url, buckets: 1 });
  closers.push(() => store.close());
  return (await store.ping()).ack.level;
}

const facts: ServerFacts = {
  product: "Redis",
  version: "7.0.0",
  evictionPolicy: "noeviction",
  appendFsync: "off",
  serverRunId: "",
};

it.each(["allkeys-lru", "volatile-ttl"])(
  "refuses a server whose maxmemory-policy is %s, and says how to mend it",
  async (policy) => {
    const server = await startServer();
    await configure(server, "maxmemory-policy", policy);

    await expect(createRedisStore({ url: server.url })).rejects.toMatchObject({
      code: "store.evicting",
      details: { policy, fix: "CONFIG SET maxmemory-policy noeviction" },
    });
  },
);

it("acknowledges in memory on a server without an append-only file", async () => {
  expect(await ackOn(await startServer())).toBe("memory");
});

it("acknowledges in memory on a server that syncs every second", async () => {
  expect(await ackOn(await startServer({ persistence: "everysec" }))).toBe("memory");
});

it("acknowledges on disk on a server that syncs every write", async () => {
  expect(await ackOn(await startServer({ persistence: "always" }))).toBe("fsync");
});

it.each(["6.2.14", "5.0.7"])("refuses version %s of a server", (version) => {
  expect(() => assertServerFit({ ...facts, version })).toThrow(expect.objectContaining({ code: "store.unsupported" }));
});

it.each(["7.0.0", "7.4.1", "8.1.0", "unknown"])("takes version %s of a server", (version) => {
  expect(() => assertServerFit({ ...facts, version })).not.toThrow();
});
