/** Creates a store on a server, or opens it; refuses one that was created otherwise. */
import { AppError } from "@holdfast/contracts";
import type { Redis } from "ioredis";
import { execPipeline } from "../connection/exec-pipeline.ts";
import { isOutOfMemory } from "../connection/redis-errors.ts";
import type { Keyspace } from "../layout/keys.ts";
import type { ServerFacts } from "./check-server.ts";

/** Version of the stored form. */
const LAYOUT_VERSION = "1";

/**
 * Records bucket count and timeline when the store is new. The sentinels keep
 * the indexes from ever being empty keys.
 *
 * A store that is there is opened on a server at its memory limit, too: without
 * workers nothing would ever drain there.
 *
 * @returns the timeline
 * @throws store.bucket_mismatch, store.unsupported, store.corrupt
 */
export async function openStore(client: Redis, keys: Keyspace, facts: ServerFacts): Promise<number> {
  const known = await findStore(client, keys);
  try {
    const timeline = known ?? (await create(client, keys));
    await complete(client, keys, facts);
    return timeline;
  } catch (error) {
    if (known !== null && isOutOfMemory(error)) return known;
    throw error;
  }
}

async function create(client: Redis, keys: Keyspace): Promise<number> {
  const created = client
    .pipeline()
    .hsetnx(keys.store, "buckets", String(keys.buckets))
    .hsetnx(keys.store, "layout", LAYOUT_VERSION)
    .hsetnx(keys.store, "timeline", "0");
  await execPipeline(created);
  const timeline = await findStore(client, keys);
  if (timeline === null) throw new AppError("store.corrupt", { message: "the store was removed while it was opened" });
  return timeline;
}

/** Also what a process left out that died while it created the store. */
async function complete(client: Redis, keys: Keyspace, facts: ServerFacts): Promise<void> {
  const completed = client.pipeline().hset(keys.store, "serverRunId", facts.serverRunId);
  for (let bucket = 0; bucket < keys.buckets; bucket += 1) {
    completed.zadd(keys.due(bucket), "+inf", "");
    completed.zadd(keys.index(bucket), 0, "");
    completed.hsetnx(keys.meta(bucket), "token", "0");
  }
  await execPipeline(completed);
}

/**
 * Opens a store that is there, and writes nothing.
 *
 * @returns the timeline
 * @throws store.not_found, store.bucket_mismatch, store.unsupported, store.corrupt
 */
export async function openExistingStore(client: Redis, keys: Keyspace): Promise<number> {
  const timeline = await findStore(client, keys);
  if (timeline !== null) return timeline;
  throw new AppError("store.not_found", {
    message: `there is no store in the namespace ${keys.namespace}`,
    details: { namespace: keys.namespace },
  });
}

/** The timeline of the store, or `null` when there is none. */
async function findStore(client: Redis, keys: Keyspace): Promise<number | null> {
  const [buckets, layout, timeline] = await client.hmget(keys.store, "buckets", "layout", "timeline");
  if (typeof buckets !== "string") return null;
  if (!/^[1-9]\d{0,8}$/.test(buckets)) {
    throw new AppError("store.corrupt", { message: "the store does not say how many buckets it has" });
  }
  if (Number(buckets) !== keys.buckets) {
    throw new AppError("store.bucket_mismatch", {
      message: `the store has ${buckets} buckets, this process is configured for ${keys.buckets}; set HOLDFAST_BUCKETS=${buckets}`,
      details: { stored: Number(buckets), configured: keys.buckets },
    });
  }
  if (layout !== LAYOUT_VERSION) {
    throw new AppError("store.unsupported", {
      message: `the store has layout ${layout}, this version reads ${LAYOUT_VERSION}`,
    });
  }
  return Number(timeline);
}
