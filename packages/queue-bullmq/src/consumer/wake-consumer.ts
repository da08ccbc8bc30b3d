/**
 * Hands wakes to a process.
 *
 *   Q6  At most `concurrency` handlers run at a time, over all executors.
 *   Q7  What a handler throws ends with the handler: a wake cannot fail.
 */
import type { Clock, Random, Report, WakeConsumption } from "@holdfast/runtime";
import { within } from "../connection/within.ts";
import { findRef } from "../job/wake-job.ts";
import { ExecutorStation } from "./executor-station.ts";
import { Slots } from "./slots.ts";

const READY_BOUND_MS = 2_000;

/** What a consumer needs. */
export interface WakeConsumerOptions {
  readonly url: string;
  readonly prefix: string;
  readonly clock: Clock;
  readonly random: Pick<Random, "fraction">;
  readonly report: (report: Report) => void;
  readonly consumption: WakeConsumption;
}

/** One consumer serves one worker process. */
export class WakeConsumer {
  readonly #options: WakeConsumerOptions;
  readonly #slots: Slots;
  readonly #stations: readonly ExecutorStation[];
  #closed: Promise<void> | null = null;

  constructor(options: WakeConsumerOptions) {
    const { executors, concurrency } = options.consumption;
    this.#options = options;
    this.#slots = new Slots(concurrency);
    this.#stations = executors.map((executor) => {
      return new ExecutorStation({
        ...options,
        executor,
        concurrency,
        handle: (jobId) => this.#handle(jobId),
        onEnd: () => {
          this.#slots.give();
          this.#share();
        },
      });
    });
  }

  /** Resolves when it listens. Redis that is down delays wakes, not the worker: then it resolves all the same. */
  async ready(): Promise<void> {
    const { clock, report } = this.#options;
    const late = () => new Error(`not listening within ${READY_BOUND_MS} ms`);
    const listening = Promise.all(this.#stations.map((station) => station.ready()));
    try {
      await within(listening, { clock, ms: READY_BOUND_MS, late });
    } catch (error) {
      report({ level: "warn", phrase: "wake queue not ready", fields: { error } });
    }
  }

  /** Takes no more wakes and resolves when the handlers in flight are through. */
  close(): Promise<void> {
    this.#closed ??= Promise.all(this.#stations.map((station) => station.close())).then(() => {});
    return this.#closed;
  }

  async #handle(jobId: string | undefined): Promise<boolean> {
    const slot = this.#slots.take();
    this.#share();
    await slot;
    if (this.#closed !== null) return false;
    const { report, consumption } = this.#options;
    const ref = findRef(jobId);
    if (ref === null) {
      report({ level: "warn", phrase: "job is no wake", fields: { jobId } });
      return true;
    }
    try {
      await consumption.handler(ref);
    } catch (error) {
      report({ level: "error", phrase: "wake handler failed", fields: { ref, error } });
    }
    return true;
  }

  /** A station may take what is free; one wake may always wait, so that a free slot is not idle for a round trip. */
  #share(): void {
    for (const station of this.#stations) station.allow(Math.max(1, station.running + this.#slots.free));
  }
}
