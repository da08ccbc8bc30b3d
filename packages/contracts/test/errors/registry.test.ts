import { describe, expect, it } from "vitest";
import { ERROR_KINDS, ERRORS, type ErrorCode, isRetryable, statusOf } from "../../src/index.ts";

const codes = Object.keys(ERRORS) as ErrorCode[];

describe.each(codes)("%s", (code) => {
  it("is an area and a reason", () => {
    expect(code).toMatch(/^[a-z]+\.[a-z]+(_[a-z]+)*$/);
  });

  it("has a registered kind and a summary that is a sentence of one line", () => {
    expect(Object.keys(ERROR_KINDS)).toContain(ERRORS[code].kind);
    expect(ERRORS[code].summary).toMatch(/^[A-Z][^\n]{5,118}\.$/);
  });

  it("has an error status", () => {
    expect(statusOf(code)).toBeGreaterThanOrEqual(400);
    expect(statusOf(code)).toBeLessThan(600);
  });
});

it.each([
  ["request.malformed", 400, false],
  ["session.not_found", 404, false],
  ["session.destroyed", 410, false],
  ["session.not_accepting", 409, false],
  ["store.unavailable", 503, true],
  ["wait.timeout", 504, true],
  ["internal.bug", 500, false],
] as const)("gives %s the status %i of its kind and its advice", (code, status, canRetry) => {
  expect([statusOf(code), isRetryable(code)]).toEqual([status, canRetry]);
});

it("lets a code replace the status of its kind and keeps the advice", () => {
  expect([statusOf("idempotency.mismatch"), isRetryable("idempotency.mismatch")]).toEqual([422, false]);
  expect([statusOf("input.too_large"), isRetryable("input.too_large")]).toEqual([413, false]);
});

it("advises a retry exactly for kinds whose outcome may differ next time", () => {
  const retryable = Object.entries(ERROR_KINDS).filter(([, kind]) => kind.isRetryable);

  expect(retryable.map(([name]) => name)).toEqual(["limited", "unavailable", "timeout"]);
});
