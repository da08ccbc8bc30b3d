import { expect, it } from "vitest";
import { isLeaseLive } from "../../src/run/lease.ts";

it.each([
  [999, true],
  [1_000, false],
  [800, true],
  [799, false],
])("a lease of 100 that is over at 1,000 holds at %i: %s", (now, isLive) => {
  expect(isLeaseLive({ leaseUntil: 1_000, leaseMs: 100 }, now)).toBe(isLive);
});
