/** Creates a store on a server, or opens it; refuses one that was created otherwise. */
import { AppError } from "@holdfast/contracts";
import type { Redis } from "ioredis";
import type { Keyspace } from "../layout/keys.ts";
import type { ServerFacts } from "./check-server.ts";

/** Version of the stored form. */
const LAYOUT_VERSION = "1";

/**
 * Records bucket count and timeline when the store is new. The sentinels keep
 * the indexes from ever being empty keys.
 *
 * @returns the timeline
 * @throws store.bucket_mismatch, store.unsupported
 */
export async function openStore(client: Redis, keys: Keyspace, facts: ServerFacts): Promise<number> {
  await client.hsetnx(keys.store, "buckets", String(keys.buckets));
  await client.hsetnx(keys.store, "layout", LAYOUT_VERSION);
  await client.hsetnx(keys.store, "timeline", "0");
  const [buckets, layout, timeline] = await client.hmget(keys.store, "buckets", "layout", "timeline");
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
  await client.hset(keys.store, "serverRunId", facts.serverRunId);
  const pipeline = client.pipeline();
  for (let bucket = 0; bucket < keys.buckets; bucket += 1) {
    pipeline.zadd(keys.due(bucket), "+inf", "");
    pipeline.zadd(keys.index(bucket), 0, "");
    pipeline.hsetnx(keys.meta(bucket), "token", "0");
  }
  await pipeline.exec();
  return Number(timeline);
}
