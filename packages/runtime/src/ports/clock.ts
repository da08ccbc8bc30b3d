/** Time as the runtime sees it. The store's time is the store's own affair. */
export interface Clock {
  /** Epoch milliseconds, for records that people read. */
  now(): number;
  /** Milliseconds that never go back, for deadlines. */
  monotonic(): number;
  /** Calls `fn` once after `ms`; the answer cancels it. */
  after(ms: number, fn: () => void): () => void;
}
