/**
 * One BullMQ worker with its two connections.
 *
 *   Q4  A worker that reports more than five errors in a second is paused.
 */
import type { Clock, Random, Report } from "@holdfast/runtime";
import { createRedisBackend, type Job, type RedisQueueBackend, Worker } from "bullmq";
import { type ConsumerClients, openConsumerClients } from "../connection/queue-connection.ts";
import { within } from "../connection/within.ts";
import { queueNameOf } from "../job/wake-job.ts";
import { CircuitBreaker, type Pause } from "./circuit-breaker.ts";

const WORKER_OPTIONS = {
  lockDuration: 60_000,
  stalledInterval: 15_000,
  // A wake that stalled is taken again for as long as it takes; failing it would help nobody.
  maxStalledCount: 100,
  drainDelay: 5,
  runRetryDelay: 1_000,
  // The store has checked the server; a refused INFO must not keep a worker from starting.
  skipVersionCheck: true,
} as const;

const CLOSE_BOUND_MS = 2_000;

/** What a worker needs. */
export interface PacedWorkerOptions {
  readonly url: string;
  readonly prefix: string;
  readonly executor: string;
  readonly concurrency: number;
  readonly clock: Clock;
  readonly random: Pick<Random, "fraction">;
  readonly report: (report: Report) => void;
  readonly process: (job: Job, token: string) => Promise<void>;
  /** Called whenever the worker shows that it still looks for jobs. */
  readonly onSignOfLife: () => void;
}

/** Starts at once; waits out an outage by itself. */
export class PacedWorker {
  readonly #options: PacedWorkerOptions;
  readonly #clients: ConsumerClients;
  readonly #worker: Worker;
  readonly #breaker: CircuitBreaker;

  constructor(options: PacedWorkerOptions) {
    this.#options = options;
    this.#breaker = new CircuitBreaker({
      clock: options.clock,
      random: options.random,
      onPause: (pause) => this.#pause(pause),
      onResume: () => this.#resume(),
    });
    this.#clients = openConsumerClients(options.url);
    this.#worker = new Worker(
      queueNameOf(options.executor),
      (job, token) => options.process(job, token as string),
      {
        ...WORKER_OPTIONS,
        connection: this.#clients.commands,
        prefix: options.prefix,
        concurrency: options.concurrency,
      },
      (...args: Parameters<typeof createRedisBackend>) => observed(createRedisBackend(...args), options.onSignOfLife),
    );
    this.#worker.on("error", (error) => {
      // A connection that cannot be made is tried again at a pace of its own.
      if (!("syscall" in error)) this.#breaker.recordError(error);
    });
  }

  get isPaused(): boolean {
    return this.#breaker.isOpen;
  }

  get concurrency(): number {
    return this.#worker.concurrency;
  }

  /** Takes at most so many jobs from now on; those it has stay. */
  set concurrency(count: number) {
    this.#worker.concurrency = count;
  }

  /** Resolves when it listens. */
  async ready(): Promise<void> {
    await this.#worker.waitUntilReady();
  }

  /** Makes a worker that waits for its own jobs look for others: it does not notice room by itself. */
  async nudge(): Promise<void> {
    if (this.isPaused) return;
    await this.#worker.pause(true);
    await this.#worker.resume();
  }

  /** Takes no more jobs, waits for `whenIdle` and for what then has to be told to Redis, within bounds. */
  async close(whenIdle: () => Promise<void>): Promise<void> {
    this.#breaker.dispose();
    const closed = this.#worker.close();
    await whenIdle();
    const bound = { clock: this.#options.clock, ms: CLOSE_BOUND_MS, late: () => new Error("not closed in time") };
    await within(closed, bound).catch(() => {}); // Redis does not answer: nothing is left to tell it.
    this.#clients.disconnect();
  }

  /** Lets go of a worker that does not come back. Jobs it has run on. */
  abandon(): void {
    this.#breaker.dispose();
    this.#worker.close(true).catch(() => {}); // It is beyond help; its connections end below.
    this.#clients.disconnect();
  }

  #pause({ ms, errors, lastError }: Pause): void {
    void this.#worker.pause(true);
    this.#options.report({
      level: "warn",
      phrase: "wake worker paused after errors",
      fields: { executor: this.#options.executor, pauseMs: Math.round(ms), errors, error: lastError },
    });
  }

  #resume(): void {
    this.#options.onSignOfLife();
    void this.#worker.resume();
  }
}

/** A backend that tells when the worker's loop came round: a blocking pop returned, or a fetch was answered. */
function observed(backend: RedisQueueBackend, onSignOfLife: () => void): RedisQueueBackend {
  const waitForJob = backend.waitForJob.bind(backend);
  const moveToActive = backend.moveToActive.bind(backend);
  backend.waitForJob = async (timeout) => {
    const found = await waitForJob(timeout);
    onSignOfLife();
    return found;
  };
  backend.moveToActive = async (token, name) => {
    const fetched = await moveToActive(token, name);
    onSignOfLife();
    return fetched;
  };
  return backend;
}
