import { DEFAULT_RETRY_BUDGET as budget } from "@holdfast/contracts";
import fc from "fast-check";
import { expect, it } from "vitest";
import { retryDelayMs } from "../../src/retry/backoff.ts";

const ALMOST_ONE = 1 - 2 ** -53;

it.each([
  [1, 1_000],
  [2, 2_000],
  [3, 4_000],
  [9, 256_000],
  [10, 300_000],
  [10_000, 300_000],
])("stays below its bound after %i failures", (failures, bound) => {
  expect(retryDelayMs(failures, ALMOST_ONE, budget)).toBe(bound - 1);
  expect(retryDelayMs(failures, 0.5, budget)).toBe(bound / 2);
  expect(retryDelayMs(failures, 0, budget)).toBe(0);
});

it("is a whole number of milliseconds within the cap, whatever the budget", () => {
  const anyBudget = fc.record({ backoffMs: fc.nat(), backoffCapMs: fc.nat() });
  const random01 = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5_000 }), random01, anyBudget, (failures, random, times) => {
      const delay = retryDelayMs(failures, random, { ...budget, ...times });

      expect(Number.isSafeInteger(delay)).toBe(true);
      expect(delay).toBeGreaterThanOrEqual(0);
      expect(delay).toBeLessThanOrEqual(times.backoffCapMs);
    }),
  );
});

it("takes no failure yet for the first", () => {
  expect(retryDelayMs(0, 0.5, budget)).toBe(retryDelayMs(1, 0.5, budget));
});
