/**
 * Turns a burst of errors into a pause. A BullMQ worker retries BUSY, READONLY
 * and the like at once, thousands of times a second; this is what stops it.
 */
import type { Clock, Random } from "@holdfast/runtime";

const MAX_ERRORS = 5;
const WINDOW_MS = 1_000;
const FIRST_CEILING_MS = 500;
const FLOOR_MS = 250;
const CAP_MS = 10_000;
/** A burst that follows the last pause within this time makes the next pause longer. */
const MEMORY_MS = 20_000;

/** Why and for how long a breaker pauses. */
export interface Pause {
  readonly ms: number;
  /** Errors since the last pause. */
  readonly errors: number;
  readonly lastError: Error;
}

/** What a breaker needs. */
export interface CircuitBreakerOptions {
  readonly clock: Clock;
  readonly random: Pick<Random, "fraction">;
  readonly onPause: (pause: Pause) => void;
  readonly onResume: () => void;
}

/** Pauses after more than five errors in a second, from a quarter of a second up to ten. */
export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions;
  #recent: number[] = [];
  #errors = 0;
  #pauses = 0;
  #resumedAt = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | null = null;

  constructor(options: CircuitBreakerOptions) {
    this.#options = options;
  }

  /** Whether it pauses at the moment. */
  get isOpen(): boolean {
    return this.#cancel !== null;
  }

  /** Counts an error, and pauses when it is one too many. */
  recordError(error: Error): void {
    this.#errors += 1;
    if (this.isOpen) return;
    const now = this.#options.clock.monotonic();
    this.#recent = [...this.#recent.filter((at) => at > now - WINDOW_MS), now];
    if (this.#recent.length > MAX_ERRORS) this.#pause(now, error);
  }

  /** Resumes nothing any more. */
  dispose(): void {
    this.#cancel?.();
  }

  #pause(now: number, lastError: Error): void {
    const { clock, random, onPause, onResume } = this.#options;
    this.#pauses = now - this.#resumedAt > MEMORY_MS ? 0 : this.#pauses + 1;
    const ceiling = Math.min(FIRST_CEILING_MS * 2 ** Math.min(this.#pauses, 10), CAP_MS);
    const ms = FLOOR_MS + random.fraction() * (ceiling - FLOOR_MS);
    const errors = this.#errors;
    this.#recent = [];
    this.#errors = 0;
    this.#cancel = clock.after(ms, () => {
      this.#cancel = null;
      this.#resumedAt = clock.monotonic();
      onResume();
    });
    onPause({ ms, errors, lastError });
  }
}
