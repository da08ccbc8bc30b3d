/**
 * Takes the wakes of one executor from its queue.
 *
 * A BullMQ worker may stay "running" and take nothing any more after trouble
 * with its connections. The station notices and puts another in its place.
 *
 *   Q5  A worker that had room, was not paused, and gave no sign of life for
 *       half a minute is replaced, with new connections.
 */
import { type Job, WaitingError } from "bullmq";
import { PacedWorker, type PacedWorkerOptions } from "./paced-worker.ts";

const SILENCE_MS = 30_000;
const CHECK_MS = 5_000;

/** What a station needs. */
export interface ExecutorStationOptions extends Omit<PacedWorkerOptions, "process" | "onSignOfLife"> {
  /** Handles one job, which counts as running already. Resolves with `false` when it must go back into the queue. */
  readonly handle: (jobId: string | undefined) => Promise<boolean>;
  /** A job is finished and does not count as running any more. */
  readonly onEnd: () => void;
}

/** One station serves one executor. */
export class ExecutorStation {
  readonly #options: ExecutorStationOptions;
  readonly #jobs = new Set<Promise<void>>();
  #running = 0;
  #worker: PacedWorker;
  #aliveAt: number;
  #cancelCheck: () => void = () => {};

  constructor(options: ExecutorStationOptions) {
    this.#options = options;
    this.#aliveAt = options.clock.monotonic();
    this.#worker = this.#hire(options.concurrency);
    this.#checkLater();
  }

  /** Jobs taken and not finished. */
  get running(): number {
    return this.#running;
  }

  /** Resolves when it listens. */
  ready(): Promise<void> {
    return this.#worker.ready();
  }

  /** Changes how many jobs it may have. */
  allow(count: number): void {
    const before = this.#worker.concurrency;
    if (before === count) return;
    this.#worker.concurrency = count;
    // With as many jobs as it might have it waited for one of them to end.
    if (this.running > 0 && before <= this.running && count > this.running) void this.#worker.nudge();
  }

  /** Takes no more jobs and resolves when those it has are finished. */
  async close(): Promise<void> {
    this.#cancelCheck();
    await this.#worker.close(async () => {
      await Promise.allSettled(this.#jobs);
    });
  }

  #hire(concurrency: number): PacedWorker {
    return new PacedWorker({
      ...this.#options,
      concurrency,
      process: (job, token) => this.#track(job, token),
      onSignOfLife: () => this.#isAlive(),
    });
  }

  #track(job: Job, token: string): Promise<void> {
    const work = this.#process(job, token).finally(() => this.#jobs.delete(work));
    this.#jobs.add(work);
    return work;
  }

  async #process(job: Job, token: string): Promise<void> {
    this.#running += 1;
    try {
      if (await this.#options.handle(job.id)) return;
      await job.moveToWait(token);
      throw new WaitingError();
    } finally {
      this.#running -= 1;
      this.#isAlive();
      this.#options.onEnd();
    }
  }

  #isAlive(): void {
    this.#aliveAt = this.#options.clock.monotonic();
  }

  #checkLater(): void {
    this.#cancelCheck = this.#options.clock.after(CHECK_MS, () => {
      this.#replaceIfSilent();
      this.#checkLater();
    });
  }

  #replaceIfSilent(): void {
    const silentMs = this.#options.clock.monotonic() - this.#aliveAt;
    const hasRoom = this.running < this.#worker.concurrency;
    if (silentMs < SILENCE_MS || !hasRoom || this.#worker.isPaused) return;
    const { executor, report } = this.#options;
    report({
      level: "warn",
      phrase: "silent wake worker replaced",
      fields: { executor, silentMs: Math.round(silentMs) },
    });
    const { concurrency } = this.#worker;
    this.#worker.abandon();
    this.#isAlive();
    this.#worker = this.#hire(concurrency);
  }
}
