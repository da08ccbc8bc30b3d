/** Permits, handed out in the order they were asked for; a closed one lets everybody through. */
export class Semaphore {
  #free: number;
  #waiting: (() => void)[] = [];
  #served = 0;

  constructor(permits: number) {
    this.#free = permits;
  }

  /** Resolves when a permit is there; each is given back with `release`. */
  async acquire(): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  release(): void {
    const next = this.#waiting[this.#served];
    if (next === undefined) {
      this.#free += 1;
      return;
    }
    this.#served += 1;
    // Cut in large steps: a shift per permit would copy the whole line of those who wait.
    if (this.#served >= 1_024) {
      this.#waiting = this.#waiting.slice(this.#served);
      this.#served = 0;
    }
    next();
  }

  /** Lets all who wait through, and whoever comes later. */
  close(): void {
    this.#free = Number.POSITIVE_INFINITY;
    const waiting = this.#waiting.slice(this.#served);
    this.#waiting = [];
    this.#served = 0;
    for (const proceed of waiting) proceed();
  }
}
