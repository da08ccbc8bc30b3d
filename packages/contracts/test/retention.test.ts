import { expect, it } from "vitest";
import { DEFAULT_RETENTION, keptBy, MIN_KEPT, MIN_KEPT_MS, retentionOf } from "../src/index.ts";

it("keeps what a repeated call may ask for, in number and in age", () => {
  expect(retentionOf({ keepMs: MIN_KEPT_MS })).toEqual({ ...DEFAULT_RETENTION, keepMs: MIN_KEPT_MS });
  expect(retentionOf({ keepMs: 0 }).keepMs).toBe(0);
  for (const wanted of [
    { keepMs: MIN_KEPT_MS - 1 },
    { keepMs: -1 },
    { keepMs: 1e6 + 0.5 },
    { keepInputs: 1 },
    { keepBytes: 1 },
  ]) {
    expect(() => retentionOf(wanted)).toThrowError(expect.objectContaining({ code: "config.invalid" }));
  }
});

it("goes by a session's settings where they keep less than its store, and by its store where they keep more", () => {
  const store = { keepInputs: 1_000, keepEvents: 1_000, keepMs: 0, keepBytes: 0 };

  expect(keptBy(store)).toEqual(store);
  expect(keptBy(store, { keepInputs: MIN_KEPT, keepEvents: 2_000, keepMs: MIN_KEPT_MS, keepBytes: 2e6 })).toEqual({
    keepInputs: MIN_KEPT,
    keepEvents: 1_000,
    keepMs: MIN_KEPT_MS,
    keepBytes: 2e6,
  });
  expect(keptBy({ ...store, keepBytes: 3e6 }, { keepBytes: 4e6 }).keepBytes).toBe(3e6);
  expect(keptBy({ ...store, keepMs: 70_000 }, { keepMs: 90_000 }).keepMs).toBe(70_000);
});
