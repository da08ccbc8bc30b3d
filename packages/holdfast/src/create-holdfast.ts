/** Wires Redis, the wake queue and the runtime into one process. Decides nothing. */
import {
  DEFAULT_GRACE_MS,
  DEFAULT_INPUT_LIMITS,
  DEFAULT_LOOP_LIMITS,
  DEFAULT_NAMESPACE,
  DEFAULT_RETRY_BUDGET,
  DEFAULT_TENANT,
  DEFAULT_TIMING,
  type NodeId,
} from "@holdfast/contracts";
import { parseSessionRef, parseTenantId } from "@holdfast/domain";
import { createBullmqWakeQueue } from "@holdfast/queue-bullmq";
import {
  createSessionRuntime,
  paceReports,
  type RuntimeContext,
  sha256,
  systemClock,
  systemRandom,
} from "@holdfast/runtime";
import { createRedisStore } from "@holdfast/store-redis";
import { assertExecutors } from "./assert-executors.ts";
import type { Holdfast, HoldfastOptions } from "./holdfast.ts";
import { createSessionHandle } from "./session-handle.ts";

/**
 * Opens a store and takes part in it: sends, reads and controls; runs sessions
 * if it hosts executors.
 *
 * @throws config.invalid for executors nobody could bind, id.invalid for a tenant id that is none,
 * store.unavailable, store.evicting, store.unsupported, store.bucket_mismatch, store.not_found
 *
 * @example
 * ```ts
 * const holdfast = await createHoldfast({ redis: "redis://127.0.0.1:6379", executors: [assistant] });
 * const sent = await holdfast.session("chat/42", { executor: "assistant" }).send({ key: "msg-1", text: "Hello" });
 * console.log(await sent.completion);
 * ```
 */
export async function createHoldfast(options: HoldfastOptions): Promise<Holdfast> {
  const { redis, executors = [] } = options;
  const tenantId = parseTenantId(options.tenantId ?? DEFAULT_TENANT);
  assertExecutors(executors);
  const timing = { ...DEFAULT_TIMING, ...options.timing };
  const budget = { ...DEFAULT_RETRY_BUDGET, ...options.budget };
  const reports = paceReports(options.onReport ?? (() => {}), systemClock);
  const store = await createRedisStore({ ...storeOptionsOf(options), timing, budget });
  const wakeQueue = createBullmqWakeQueue({
    url: options.wakeRedis ?? redis,
    prefix: store.keys.wakePrefix,
    onReport: reports.report,
  });
  const context: RuntimeContext = {
    node: systemRandom.id("nod") as NodeId,
    store,
    wakeQueue,
    clock: systemClock,
    random: systemRandom,
    sha256,
    timing,
    budget,
    loop: { ...DEFAULT_LOOP_LIMITS, ...options.loop },
    inputLimits: { ...DEFAULT_INPUT_LIMITS, ...options.inputLimits },
    report: reports.report,
  };
  const running = createSessionRuntime(context, executors);
  const close = async (graceMs: number) => {
    try {
      await running.stop({ graceMs });
    } finally {
      // Whatever went wrong before: a connection that is left open keeps the process alive for ever.
      await Promise.allSettled([wakeQueue.close(), store.close()]);
      reports.close();
    }
  };
  try {
    await running.start();
  } catch (error) {
    await close(0);
    throw error;
  }
  return {
    runtime: running.runtime,
    node: context.node,
    tenantId,
    session: (sessionId, sessionOptions) => {
      const ref = parseSessionRef({ tenantId, sessionId });
      return createSessionHandle(running.runtime, ref, sessionOptions);
    },
    close: ({ graceMs = DEFAULT_GRACE_MS } = {}) => close(graceMs),
  };
}

function storeOptionsOf({ redis, namespace = DEFAULT_NAMESPACE, buckets, mayCreate, ...options }: HoldfastOptions) {
  const { retention = {}, memory = {} } = options;
  return {
    url: redis,
    namespace,
    retention,
    memory,
    ...(buckets === undefined ? {} : { buckets }),
    ...(mayCreate === undefined ? {} : { mayCreate }),
  };
}
