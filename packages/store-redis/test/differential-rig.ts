import { MIN_KEPT, type SessionRef } from "@holdfast/contracts";
import { createMemoryStore, findImageFault, type SessionImage } from "@holdfast/store-memory";
import { createVirtualClock, type DifferentialRig } from "@holdfast/testkit";
import type { RedisStoreOptions } from "../src/index.ts";
import { dumpCompanions } from "./dump-companions.ts";
import { dumpSession } from "./dump-session.ts";
import { openTimedStore, type TimedStore } from "./open-store.ts";

/** Fewer than by default, so that short lives reach the end of the budget. */
const BUDGET = { maxLosses: 3 };

/** The least there is, and little of streams, so that lives go beyond it. */
const RETENTION = {
  keepInputs: MIN_KEPT,
  keepEvents: MIN_KEPT,
  keepStreams: 2,
  keepStreamBytes: 2_000,
  streamBytes: 3_000,
  streamParts: 150,
};

/** A Redis store to compare with the model: of one bucket, because the model has one. */
export function openComparedStore(options: Partial<RedisStoreOptions> = {}): Promise<TimedStore> {
  return openTimedStore({ buckets: 1, budget: BUDGET, retention: RETENTION, ...options });
}

/** Both stores empty, at the same time of the same clock. */
export async function freshRig(redis: TimedStore): Promise<DifferentialRig> {
  await redis.reset();
  const clock = createVirtualClock(redis.now());
  const memory = createMemoryStore({ clock, budget: BUDGET, retention: RETENTION });
  return {
    left: {
      store: memory,
      inspect: async (ref) => ({ session: sound(memory.inspect(ref)), ...memory.inspectCompanions(ref) }),
    },
    right: { store: redis.store, inspect: (ref) => dumpAll(redis, ref) },
    now: () => clock.now(),
    advanceTime: async (ms) => {
      clock.jump(ms);
      await redis.advanceTime(ms);
    },
  };
}

async function dumpAll({ client, store }: TimedStore, ref: SessionRef) {
  const [session, companions] = await Promise.all([
    dumpSession(client, store.keys, ref),
    dumpCompanions(client, store.keys, ref),
  ]);
  return { session, ...companions };
}

/** Equal is not enough: both could be wrong in the same way. */
function sound(image: SessionImage | null): SessionImage | null {
  const fault = image === null ? null : findImageFault(image);
  if (fault !== null) throw new Error(fault);
  return image;
}
