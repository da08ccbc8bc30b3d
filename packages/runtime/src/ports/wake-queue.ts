import type { SessionRef } from "@holdfast/contracts";

/**
 * Carries wakes to workers. A hint, never the truth: it may lose, repeat, delay
 * or hang, and nothing is stranded.
 */
export interface WakeQueue {
  /** Asks some worker that hosts the executor to look at the session. May reject; callers count and go on. */
  wake(wake: Wake): Promise<void>;

  /** Hands wakes to `handler`, at most `concurrency` at a time. Resolves when it listens. */
  consume(consumption: WakeConsumption): Promise<void>;

  /**
   * Hands in no more wakes: those that still come are for others. Resolves when the handlers in flight are
   * through; wakes can be asked for all the while.
   */
  stopConsuming(): Promise<void>;

  /** Stops consuming, and closes what it opened. */
  close(): Promise<void>;
}

/** A session to look at. */
export interface Wake {
  readonly ref: SessionRef;
  readonly executor: string;
  /** Moves at every claim, so that a new activation is never taken for an old one. */
  readonly epoch: number;
}

/** What a worker takes. */
export interface WakeConsumption {
  readonly executors: readonly string[];
  readonly concurrency: number;
  readonly handler: (ref: SessionRef) => Promise<void>;
}
