import { describe, expect, it } from "vitest";
import { ExecutorResult, Outcome, Receipt, ReceiptResult, RunSettlement } from "../src/index.ts";

const accepts = (schema: typeof ExecutorResult, value: unknown) => schema.safeParse(value).success;

describe("an executor's answer", () => {
  it.each([
    { kind: "completed" },
    { kind: "completed", state: null, output: [1], messageCount: 0, conversationDigest: "a".repeat(64) },
    { kind: "failed", failure: { code: "x", message: "y" }, isRetryable: false },
    { kind: "cancelled", state: {} },
    { kind: "suspended", on: { type: "timer", at: "2030-01-01T00:00:00Z" } },
    { kind: "suspended", on: { type: "timer", at: "2030-01-01T00:00:00+02:00" } },
    { kind: "failed", failure: { code: "x", message: "y" }, isRetryable: true, retryAt: "2030-01-01T00:00:00-05:00" },
    { kind: "superseded", by: "inp_12345678" },
  ])("may be %j", (answer) => {
    expect(accepts(ExecutorResult, answer)).toBe(true);
  });

  it.each([
    undefined,
    {},
    { kind: "done" },
    { kind: "completed", state: new Date(0) },
    { kind: "completed", messageCount: -1 },
    { kind: "completed", conversationDigest: "short" },
    { kind: "failed", isRetryable: true },
    { kind: "failed", failure: { code: "x", message: "y" } },
    { kind: "suspended" },
    { kind: "suspended", on: { type: "timer", at: "soon" } },
    { kind: "superseded", by: "run_12345678" },
  ])("may not be %o", (answer) => {
    expect(accepts(ExecutorResult, answer)).toBe(false);
  });
});

it("settles a boundary in every way that leaves a receipt, and in three that leave none", () => {
  const withoutReceipt = RunSettlement.options.filter((settlement) => !ReceiptResult.safeParse(settlement).success);

  expect(withoutReceipt).toEqual(["failed", "released", "rolled_back"]);
  expect(ReceiptResult.options.every((result) => RunSettlement.safeParse(result).success)).toBe(true);
});

describe("a receipt", () => {
  const receipt = {
    runId: "run_12345678",
    sequence: 1,
    position: 1,
    boundary: "run_start",
    result: "completed",
    contributors: ["inp_12345678"],
    token: 1,
    claimId: "clm_12345678",
    contentDigest: "c",
    messageCount: 0,
    previousDigest: "p",
    digest: "d",
    generation: 0,
    committedAt: "2025-01-01T00:00:00.000Z",
    ack: { level: "memory", timeline: 0 },
  };

  it("is complete without a conversation digest", () => {
    expect(Receipt.parse(receipt)).toEqual(receipt);
  });

  it.each([
    { sequence: 0 },
    { position: 0 },
    { token: 0 },
    { result: "failed" },
    { contributors: ["x"] },
    { extra: 1 },
  ])("is refused with %j", (change) => {
    expect(Receipt.safeParse({ ...receipt, ...change }).success).toBe(false);
  });
});

describe("an outcome", () => {
  it.each([
    { kind: "completed", runId: "run_12345678", position: 1, output: null },
    { kind: "completed_without_result" },
    { kind: "superseded", by: "inp_12345678" },
    { kind: "coalesced", into: "inp_12345678" },
    { kind: "abandoned", reason: "executor_lost", attempts: 10, failure: { code: "c", message: "m" } },
  ])("may be %j", (outcome) => {
    expect(Outcome.parse(outcome)).toEqual(outcome);
  });

  it.each([
    { kind: "completed", runId: "run_12345678", position: 0, output: null },
    { kind: "completed", runId: "run_12345678", position: 1 },
    { kind: "abandoned", reason: "bored", attempts: 1 },
    { kind: "abandoned", reason: "reset" },
  ])("may not be %j", (outcome) => {
    expect(Outcome.safeParse(outcome).success).toBe(false);
  });
});
