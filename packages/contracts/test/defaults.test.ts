import { expect, it } from "vitest";
import { DEFAULT_TIMING, leaseTiming } from "../src/index.ts";

it("leaves a lease as it is unless another one is asked for", () => {
  expect(DEFAULT_TIMING).toMatchObject({ leaseMs: 10_000, renewMs: 3_000, safetyMs: 2_000 });
});

it.each([1_000, 10_000, 600_000])("leaves time for two lost renewals before a lease of %i ms is given up", (ms) => {
  const { leaseMs, renewMs, safetyMs } = leaseTiming(ms);

  // A renewal comes up to a tenth late, so that many workers do not beat together.
  expect(2 * renewMs * 1.1 + safetyMs).toBeLessThan(leaseMs);
});
