/**
 * Adds wakes to the queues.
 *
 * Invariants
 *   Q1  A wake is added or refused within a second, whatever Redis does.
 *   Q2  Wakes of one session and epoch are one job while it is there.
 *   Q3  A queue that nobody empties stops growing.
 */
import { AppError } from "@holdfast/contracts";
import type { Clock, Wake } from "@holdfast/runtime";
import { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { openProducerClient } from "../connection/queue-connection.ts";
import { within } from "../connection/within.ts";
import { jobIdOf, queueNameOf } from "../job/wake-job.ts";

const BOUND_MS = 1_000;
/** Wakes of one executor that may wait; the sweeper sees to what is beyond (Q3). */
const MAX_BACKLOG = 100_000;
const BACKLOG_CHECK_MS = 1_000;
/** Executor names come from callers, so there may be any number of them. */
const MAX_QUEUES = 256;
const KEPT_EVENTS = 100;

const JOB_OPTIONS = { attempts: 1, removeOnComplete: true, removeOnFail: true } as const;

/** What a producer needs. */
export interface WakeProducerOptions {
  readonly url: string;
  readonly prefix: string;
  readonly clock: Clock;
  readonly maxBacklog?: number;
}

interface Outlet {
  readonly queue: Queue;
  checkedAt: number;
  isFull: boolean;
}

/** One producer serves one process; it connects at once and for ever. */
export class WakeProducer {
  readonly #options: WakeProducerOptions;
  readonly #client: Redis;
  readonly #outlets = new Map<string, Outlet>();
  readonly #pending = new Set<Promise<void>>();
  #connecting: Promise<void> | null = null;

  constructor(options: WakeProducerOptions) {
    this.#options = options;
    this.#client = openProducerClient(options.url, BOUND_MS);
  }

  /** Adds a wake (Q1). @throws store.unavailable */
  async wake(wake: Wake): Promise<void> {
    const late = () => new Error(`not added within ${BOUND_MS} ms`);
    const added = within(this.#add(wake), { clock: this.#options.clock, ms: BOUND_MS, late });
    this.#pending.add(added);
    try {
      await added;
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new AppError("store.unavailable", { message: `the wake queue took no wake: ${reason}`, cause });
    } finally {
      this.#pending.delete(added);
    }
  }

  /** Waits for wakes under way, which is a second at most, and disconnects. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#pending);
    for (const { queue } of this.#outlets.values()) await queue.close();
    this.#client.disconnect();
  }

  async #add(wake: Wake): Promise<void> {
    await this.#connected();
    const outlet = this.#outletOf(wake.executor);
    this.#checkBacklog(outlet);
    if (outlet.isFull) throw new Error(`the queue of ${wake.executor} is full, nobody empties it`);
    await outlet.queue.add("wake", null, { ...JOB_OPTIONS, jobId: jobIdOf(wake) });
  }

  /** Waits for a connection that is being made; one that was lost counts as down. */
  #connected(): Promise<void> {
    const { status } = this.#client;
    if (status === "ready") return Promise.resolve();
    if (status !== "connecting" && status !== "connect") return Promise.reject(new Error("Redis is not connected"));
    this.#connecting ??= this.#nextConnection().finally(() => {
      this.#connecting = null;
    });
    return this.#connecting;
  }

  #nextConnection(): Promise<void> {
    return new Promise((resolve, reject) => {
      const onReady = () => {
        this.#client.off("close", onClose);
        resolve();
      };
      const onClose = () => {
        this.#client.off("ready", onReady);
        reject(new Error("Redis is not connected"));
      };
      this.#client.once("ready", onReady);
      this.#client.once("close", onClose);
    });
  }

  #outletOf(executor: string): Outlet {
    const known = this.#outlets.get(executor);
    if (known !== undefined) return known;
    this.#forgetOldest();
    const queue = new Queue(queueNameOf(executor), {
      connection: this.#client,
      prefix: this.#options.prefix,
      streams: { events: { maxLen: KEPT_EVENTS } },
      // Readiness is awaited with a bound, and the version was checked with the store.
      skipWaitingForReady: true,
      skipVersionCheck: true,
    });
    queue.on("error", () => {}); // Repeats what the client or the call has said.
    const outlet = { queue, checkedAt: Number.NEGATIVE_INFINITY, isFull: false };
    this.#outlets.set(executor, outlet);
    return outlet;
  }

  #forgetOldest(): void {
    if (this.#outlets.size < MAX_QUEUES) return;
    const [executor, oldest] = this.#outlets.entries().next().value as [string, Outlet];
    this.#outlets.delete(executor);
    void oldest.queue.close();
  }

  /** Looks now and then, and lets no wake wait for the answer. */
  #checkBacklog(outlet: Outlet): void {
    const now = this.#options.clock.monotonic();
    if (now - outlet.checkedAt < BACKLOG_CHECK_MS) return;
    outlet.checkedAt = now;
    const { maxBacklog = MAX_BACKLOG } = this.#options;
    this.#client.llen(outlet.queue.toKey("wait")).then(
      (length) => {
        outlet.isFull = length >= maxBacklog;
      },
      () => {}, // The wake that follows meets the same failure and reports it.
    );
  }
}
