import { setTimeout as sleep } from "node:timers/promises";
import { DelayedError, type Job, Worker as JobWorker } from "bullmq";
import { Redis } from "ioredis";
import { ownCpu, type Worker } from "./roles.ts";

/**
 * How jobs of one session are kept apart:
 *
 * - `none`: not at all;
 * - `put-back`: SET NX PX; who finds it taken puts the job back for a moment;
 * - `wait`: SET NX PX; who finds it taken waits in the processor and tries again.
 */
export type Locking = "none" | "put-back" | "wait";

/** Where to work, and how. */
export interface BullmqWorkerOptions {
  readonly url: string;
  readonly queue: string;
  readonly concurrency: number;
  readonly locking: Locking;
}

/** Hash of the durable counters, one field a session. */
export const COUNTERS_KEY = "bench:counters";

const LOCK_MS = 10_000;
const RETRY_MS = 10;
const UNLOCK = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

type Message = Job<{ readonly session: string }, number>;

/** Runs BullMQ jobs that raise a durable counter. */
export async function openBullmqWorker(options: BullmqWorkerOptions): Promise<Worker> {
  const { url, queue, concurrency, locking } = options;
  const redis = new Redis(url);
  const count = (session: string) => redis.hincrby(COUNTERS_KEY, session, 1);
  const process = async (job: Message, token: string | undefined): Promise<number> => {
    const { session } = job.data;
    if (locking === "none") return count(session);
    await lock(redis, { job, token: token as string, locking });
    try {
      return await count(session);
    } finally {
      await redis.eval(UNLOCK, 1, lockOf(session), token as string);
    }
  };
  const worker = new JobWorker(queue, process, { connection: { url }, concurrency });
  worker.on("error", (error) => console.error(`bullmq worker: ${error.message}`));
  await worker.waitUntilReady();
  return {
    cpu: async () => ownCpu(),
    close: async () => {
      await worker.close();
      redis.disconnect();
    },
  };
}

function lockOf(session: string): string {
  return `bench:lock:${session}`;
}

async function lock(
  redis: Redis,
  { job, token, locking }: { readonly job: Message; readonly token: string; readonly locking: Locking },
): Promise<void> {
  while ((await redis.set(lockOf(job.data.session), token, "PX", LOCK_MS, "NX")) === null) {
    if (locking === "put-back") {
      await job.moveToDelayed(Date.now() + RETRY_MS, token);
      throw new DelayedError();
    }
    await sleep(RETRY_MS * (0.5 + Math.random()));
  }
}
