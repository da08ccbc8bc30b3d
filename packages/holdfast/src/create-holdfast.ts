import { AppError, DEFAULT_INLINE_BYTES, DEFAULT_NAMESPACE } from "@holdfast/contracts";
import { createBullmqWakeQueue } from "@holdfast/queue-bullmq";
import { type Store, sha256, withBlobs, withLargeContent } from "@holdfast/runtime";
import { createRedisStore } from "@holdfast/store-redis";
import type { Holdfast, HoldfastOptions } from "./holdfast.ts";
import { type Ground, type GroundParts, openProcess } from "./open-process.ts";

/**
 * Opens a store and takes part in it: sends, reads and controls; runs sessions
 * if it hosts executors.
 *
 * @throws config.invalid for executors nobody could bind and for what is no URL of a Redis, id.invalid for a tenant id that is none,
 * store.unavailable, store.limited, store.evicting, store.unsupported, store.bucket_mismatch, store.not_found
 *
 * @example
 * ```ts
 * const holdfast = await createHoldfast({ redis: "redis://127.0.0.1:6379", executors: [assistant] });
 * const sent = await holdfast.session("chat/42", { executor: "assistant" }).send({ key: "msg-1", text: "Hello" });
 * console.log(await sent.completion);
 * ```
 */
export function createHoldfast(options: HoldfastOptions): Promise<Holdfast> {
  const { blobs, inlineBytes = DEFAULT_INLINE_BYTES } = options;
  const open = openOnRedis(options, (store, { timing }) => {
    return withLargeContent(blobs === undefined ? store : withBlobs(store, blobs), { sha256, timing, inlineBytes });
  });
  return openProcess(options, open);
}

/** How a process on Redis stands; `change` stands between it and its store. */
export function openOnRedis(
  options: HoldfastOptions,
  change: (store: Store, parts: GroundParts) => Store,
): (parts: GroundParts) => Promise<Ground> {
  return async (parts) => {
    const { timing, budget, report } = parts;
    const { redis, namespace = DEFAULT_NAMESPACE, buckets, mayCreate, retention = {}, memory = {} } = options;
    assertRedisUrl(redis);
    assertRedisUrl(options.wakeRedis ?? redis);
    const store = await createRedisStore({
      url: redis,
      namespace,
      timing,
      budget,
      retention,
      memory,
      ...(buckets === undefined ? {} : { buckets }),
      ...(mayCreate === undefined ? {} : { mayCreate }),
    });
    const url = options.wakeRedis ?? redis;
    const wakeQueue = createBullmqWakeQueue({ url, prefix: store.keys.wakePrefix, onReport: report });
    return { store: change(store, parts), wakeQueue };
  };
}

const SCHEMES: readonly string[] = ["redis:", "rediss:"];

/** The URL may hold a password, so it is not repeated. */
function assertRedisUrl(url: unknown): void {
  if (typeof url === "string" && URL.canParse(url) && SCHEMES.includes(new URL(url).protocol)) return;
  throw new AppError("config.invalid", {
    message:
      'redis must be a URL such as "redis://127.0.0.1:6379"; without a Redis, ephemeral() keeps sessions in this process',
  });
}
