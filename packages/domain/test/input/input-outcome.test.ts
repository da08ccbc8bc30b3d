import { type InputStatus, Outcome, type RunId } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { outcomeOf } from "../../src/input/input-outcome.ts";
import { inputId } from "./sample-input.ts";

const receipt = { runId: "run_00000001" as RunId, position: 3 };
const ended = { detail: "", attempts: 1 };

/** An outcome as a reader of the contracts takes it. */
function told(input: Parameters<typeof outcomeOf>[0]): Outcome {
  return Outcome.parse(outcomeOf(input));
}

describe("an ended input", () => {
  it("that a run answered is completed with the answer, also when the answer is null", () => {
    const consumed = { ...ended, status: "consumed", receipt } as const;

    expect(told({ ...consumed, output: { a: 1 } })).toEqual({ kind: "completed", ...receipt, output: { a: 1 } });
    expect(told({ ...consumed, output: null })).toEqual({ kind: "completed", ...receipt, output: null });
  });

  it("that a run consumed without an answer names its receipt", () => {
    expect(told({ ...ended, status: "consumed", receipt })).toEqual({ kind: "completed_without_result", ...receipt });
  });

  it("that was consumed on admission names no receipt", () => {
    expect(told({ ...ended, status: "consumed", attempts: 0 })).toEqual({ kind: "completed_without_result" });
  });

  it("that was displaced names its successor", () => {
    const displaced = { ...ended, detail: inputId(2) };

    expect(told({ ...displaced, status: "superseded" })).toEqual({ kind: "superseded", by: inputId(2) });
    expect(told({ ...displaced, status: "coalesced" })).toEqual({ kind: "coalesced", into: inputId(2) });
  });

  it("that was abandoned says why, after how many attempts, and with which failure", () => {
    const abandoned = { status: "abandoned", detail: "max_attempts_exhausted", attempts: 3 } as const;
    const failure = { code: "model.refused", message: "no" };

    expect(told(abandoned)).toEqual({ kind: "abandoned", reason: "max_attempts_exhausted", attempts: 3 });
    expect(told({ ...abandoned, failure })).toEqual({
      kind: "abandoned",
      reason: "max_attempts_exhausted",
      attempts: 3,
      failure,
    });
  });
});

it.each<InputStatus>(["queued", "staged", "applied_pending"])("has no outcome while it is %s (G1)", (status) => {
  expect(outcomeOf({ ...ended, status })).toBeNull();
});
