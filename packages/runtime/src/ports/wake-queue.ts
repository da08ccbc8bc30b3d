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

  /** Takes no more wakes, waits for handlers in flight, and closes what it opened. */
  close(): Promise<void>;
}

export interface Wake {
  readonly ref: SessionRef;
  readonly executor: string;
  /** Moves at every claim, so that a new activation is never taken for an old one. */
  readonly epoch: number;
}

export interface WakeConsumption {
  readonly executors: readonly string[];
  readonly concurrency: number;
  readonly handler: (ref: SessionRef) => Promise<void>;
}
