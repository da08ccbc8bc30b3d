import type { RetryBudget } from "@holdfast/contracts";

/**
 * How long a failed input waits before its next attempt, in whole milliseconds.
 *
 * The bound is `backoffMs` after the first failure and doubles with every further
 * one up to `backoffCapMs`; the delay is spread evenly below it, so that inputs
 * that failed together do not return together. Whether a first retry may skip
 * the delay is the caller's decision.
 *
 * @param failures failures so far, from 1
 * @param random01 a random number, 0 included, 1 excluded
 */
export function retryDelayMs(failures: number, random01: number, budget: RetryBudget): number {
  // 2^52 times a millisecond is beyond any cap; without the bound a zero back-off would become 0 × ∞.
  const doublings = Math.min(Math.max(failures, 1) - 1, 52);
  const bound = Math.min(budget.backoffCapMs, budget.backoffMs * 2 ** doublings);
  return Math.floor(random01 * bound);
}
