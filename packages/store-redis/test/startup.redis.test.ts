import { startPrivateRedis } from "@holdfast/redis-server";
import { Redis } from "ioredis";
import { afterEach, expect, inject, it, vi } from "vitest";
import { createRedisStore, type RedisStore, type RedisStoreOptions } from "../src/index.ts";
import { freshNamespace } from "./open-store.ts";

const url = inject("redisUrl");
const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function connect(to = url): Redis {
  const client = new Redis(to);
  closers.push(() => client.disconnect());
  return client;
}

async function open(options: Partial<RedisStoreOptions>): Promise<RedisStore> {
  const store = await createRedisStore({ url, buckets: 4, ...options });
  closers.push(() => store.close());
  return store;
}

/**
 * The commands on a namespace while something is done, as the server saw them. On a server of one's own: a
 * client that begins to watch takes a command of somebody else for its answer.
 */
async function commandsDuring(
  { url: own, namespace }: { readonly url: string; readonly namespace: string },
  work: () => Promise<unknown>,
): Promise<string[][]> {
  const monitor = await connect(own).monitor();
  closers.push(() => monitor.disconnect());
  const seen: string[][] = [];
  const end = new Promise<void>((resolve) => {
    monitor.on("monitor", (_time: string, command: string[]) => {
      if (command.includes(`end of ${namespace}`)) resolve();
      else if (command.some((word) => word.includes(namespace))) seen.push(command);
    });
  });
  await work();
  await connect(own).echo(`end of ${namespace}`);
  await end;
  return seen;
}

it("creates a store that is not there", async () => {
  const namespace = freshNamespace();

  const store = await open({ namespace });

  // The store's own row, and due, index and counter of each bucket.
  expect(await connect().keys(`*${namespace}*`)).toHaveLength(1 + 4 * 3);
  expect(await store.ping()).toMatchObject({ ack: { timeline: 0 } });
});

it("creates none for who only looks, and leaves no key behind", async () => {
  const namespace = freshNamespace();

  await expect(open({ namespace, mayCreate: false })).rejects.toMatchObject({
    code: "store.not_found",
    details: { namespace },
  });

  expect(await connect().keys(`*${namespace}*`)).toEqual([]);
});

it("opens a store that is there for who only looks, and refuses another number of buckets", async () => {
  const namespace = freshNamespace();
  await open({ namespace });

  const seen = await open({ namespace, mayCreate: false });

  expect(await seen.ping()).toMatchObject({ ack: { timeline: 0 } });
  await expect(open({ namespace, mayCreate: false, buckets: 8 })).rejects.toMatchObject({
    code: "store.bucket_mismatch",
    details: { stored: 4, configured: 8 },
  });
});

it.each(["garbage", "", "-4", "4.5", "1e999"])("calls a store corrupt that has %j buckets", async (buckets) => {
  const namespace = freshNamespace();
  const store = await open({ namespace });
  await connect().hset(store.keys.store, "buckets", buckets);

  const error: unknown = await open({ namespace }).catch((cause: unknown) => cause);

  expect(error).toMatchObject({ code: "store.corrupt" });
  if (buckets !== "") expect(String(error)).not.toContain(buckets);
});

it("is not there for writing while its server is a read-only replica", async () => {
  const own = await startPrivateRedis();
  closers.push(() => own.stop());
  const store = await open({ url: own.url, namespace: freshNamespace() });
  const client = connect(own.url);

  await client.replicaof("127.0.0.1", 1);
  const asReplica: unknown = await store.ping().catch((cause: unknown) => cause);
  await client.replicaof("NO", "ONE");

  expect(asReplica).toMatchObject({ code: "store.unavailable", message: expect.stringContaining("replica") });
  expect(await store.ping()).toMatchObject({ ack: { timeline: 0 } });
});

it("asks for an executor's sessions without a script where none waits", async () => {
  const namespace = freshNamespace();
  const own = await startPrivateRedis();
  closers.push(() => own.stop());
  const store = await open({ url: own.url, namespace });

  const commands = await commandsDuring({ url: own.url, namespace }, () => store.presence.adopt("echo", 100));

  expect(commands.map(([name]) => name?.toLowerCase())).toEqual(Array.from({ length: 4 }, () => "zlexcount"));
});

it("leaves no connection behind when the server takes no scripts", async () => {
  const name = freshNamespace();
  const connections = async () => {
    const list = (await connect().client("LIST")) as string;
    return list.split("\n").filter((line) => line.includes(`name=${name} `)).length;
  };

  const opening = createRedisStore({
    url: `${url}?connectionName=${name}`,
    namespace: name,
    buckets: 4,
    prepareSource: () => "this is no Lua",
  });

  await expect(opening).rejects.toMatchObject({ code: "store.corrupt" });
  // The server takes note of a closed connection in its own time.
  await vi.waitFor(async () => expect(await connections()).toBe(0));
});
