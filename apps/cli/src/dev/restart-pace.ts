const FIRST_MS = 250;
const CAP_MS = 5_000;
/** Who lived this long begins anew. */
const STABLE_MS = 10_000;

/** How long to wait before something that ended is started again: longer every time, unless it had lived a while. */
export class RestartPace {
  readonly #now: () => number;
  #begunAt: number;
  #failures = 0;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#begunAt = now();
  }

  /** It was started. */
  begin(): void {
    this.#begunAt = this.#now();
  }

  /** It ended. Answers how long to wait. */
  pauseMs(): number {
    const isStable = this.#now() - this.#begunAt >= STABLE_MS;
    this.#failures = isStable ? 1 : this.#failures + 1;
    return Math.min(FIRST_MS * 2 ** Math.min(this.#failures - 1, 10), CAP_MS);
  }
}
