import type { Redis } from "ioredis";
import { describe } from "vitest";
import { describeCrashPoints } from "../../runtime/test/crash-points/crash-points.ts";
import type { OpenCrashPointStore } from "../../runtime/test/crash-points/scene.ts";
import { openTimedStore } from "./open-store.ts";

const openStore: OpenCrashPointStore = async ({ notices }) => {
  const { store, client, now, advanceTime, close } = await openTimedStore();
  const { keys } = store;
  return {
    // Processes share a connection; what one of them loses is lost before it gets here.
    connect: () => ({ ...store, notifier: notices.connect(), close: async () => {} }),
    advanceTime,
    close,
    now,
    jumpClock: advanceTime,
    snapshot: async () => {
      const names = await bucketKeys(client, keys.namespace);
      const copies = await dump(client, names);
      return () => restore(client, { namespace: keys.namespace, copies });
    },
    tear: async (ref) => {
      await client.hset(keys.session(ref).session, "txn", "1");
    },
    image: async (ref) => {
      const { list, session, member } = keys.session(ref);
      const [, later = "", due = "", meta = ""] = list;
      return {
        session: await client.hgetallBuffer(session),
        later: await client.zrange(later, "0", "-1", "WITHSCORES"),
        due: await client.zscore(due, member),
        meta: await client.hgetall(meta),
      };
    },
  };
};

/** Sessions, indexes and token counters of a store. */
function bucketKeys(client: Redis, namespace: string): Promise<string[]> {
  return client.keys(`{${namespace}.b*`);
}

type Copies = readonly (readonly [name: string, value: Buffer])[];

/** One transaction: a state that once was the whole of the store, as any prefix of an append-only file is. */
async function dump(client: Redis, names: readonly string[]): Promise<Copies> {
  const transaction = client.multi();
  for (const name of names) transaction.dumpBuffer(name);
  const replies = (await transaction.exec()) ?? [];
  return names.map((name, index) => [name, replies[index]?.[1] as Buffer]);
}

async function restore(client: Redis, { namespace, copies }: { namespace: string; copies: Copies }): Promise<void> {
  const transaction = client.multi().unlink(...(await bucketKeys(client, namespace)));
  for (const [name, value] of copies) transaction.restore(name, 0, value);
  const replies = (await transaction.exec()) ?? [];
  for (const [error] of replies) if (error !== null) throw error;
}

describe("Redis store", () => {
  describeCrashPoints(openStore);
});
