/** Wires Redis, the wake queue and the runtime into one process. Decides nothing. */
import {
  AppError,
  Binding,
  DEFAULT_INPUT_LIMITS,
  DEFAULT_LOOP_LIMITS,
  DEFAULT_NAMESPACE,
  DEFAULT_RETRY_BUDGET,
  DEFAULT_TENANT,
  DEFAULT_TIMING,
  type NewInput,
  type NodeId,
} from "@holdfast/contracts";
import { parseSessionRef } from "@holdfast/domain";
import { createBullmqWakeQueue } from "@holdfast/queue-bullmq";
import {
  createSessionRuntime,
  paceReports,
  type RuntimeContext,
  type SessionRuntime,
  sha256,
  systemClock,
  systemRandom,
} from "@holdfast/runtime";
import { createRedisStore } from "@holdfast/store-redis";
import type { Holdfast, HoldfastOptions, Message, Sent, SessionHandle, SessionOptions } from "./holdfast.ts";

const DEFAULT_GRACE_MS = 20_000;

/**
 * Opens a store and takes part in it: sends, reads and controls; runs sessions
 * if it hosts executors.
 *
 * @throws store.unavailable, store.evicting, store.unsupported, store.bucket_mismatch, store.not_found
 *
 * @example
 * ```ts
 * const holdfast = await createHoldfast({ redis: "redis://127.0.0.1:6379", executors: [assistant] });
 * const sent = await holdfast.session("chat/42", { executor: "assistant" }).send({ key: "msg-1", text: "Hello" });
 * console.log(await sent.completion);
 * ```
 */
export async function createHoldfast(options: HoldfastOptions): Promise<Holdfast> {
  const { redis, namespace = DEFAULT_NAMESPACE, executors = [] } = options;
  const timing = { ...DEFAULT_TIMING, ...options.timing };
  const budget = { ...DEFAULT_RETRY_BUDGET, ...options.budget };
  const reports = paceReports(options.onReport ?? (() => {}), systemClock);
  const store = await createRedisStore({
    url: redis,
    namespace,
    timing,
    budget,
    ...(options.buckets === undefined ? {} : { buckets: options.buckets }),
    ...(options.mayCreate === undefined ? {} : { mayCreate: options.mayCreate }),
  });
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
    await running.stop({ graceMs });
    await wakeQueue.close();
    await store.close();
    reports.close();
  };
  try {
    await running.start();
  } catch (error) {
    await close(0);
    throw error;
  }
  const { tenantId } = parseSessionRef({ tenantId: options.tenantId ?? DEFAULT_TENANT, sessionId: "any" });
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

function createSessionHandle(
  runtime: SessionRuntime,
  ref: SessionHandle["ref"],
  options: SessionOptions | undefined,
): SessionHandle {
  const createWith = options === undefined ? undefined : Binding.parse(options);
  return {
    ref,
    send: async (message) => {
      const accept = createWith === undefined ? {} : { createWith };
      const { admission, completion } = await runtime.acceptInputWithCompletion(ref, toInput(message), accept);
      if (admission.kind === "rejected" || completion === null) throw toRejection(admission);
      const inputId = admission.kind === "accepted" ? admission.inputId : admission.existingId;
      return { admission, inputId, completion } satisfies Sent;
    },
    outcome: (key, wait = {}) => runtime.waitForOutcome(ref, { key }, wait),
  };
}

function toInput(message: Message): NewInput {
  if ("kind" in message) return message;
  const { key, text } = message;
  return {
    kind: "prompt",
    text,
    ...(key === undefined ? {} : { idempotencyKey: key as NonNullable<NewInput["idempotencyKey"]> }),
  };
}

function toRejection(admission: Sent["admission"]): AppError {
  if (admission.kind !== "rejected") return new AppError("internal.bug");
  return new AppError("input.rejected", { message: admission.detail, details: { reason: admission.reason } });
}
