import type { InputId, Outcome, RunId } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { interactionEventOf } from "../../src/index.ts";

const runId = "run_000000001" as RunId;
const by = "inp_000000002" as InputId;
const failure = { code: "model.refused", message: "no" };

describe("how an interaction ended", () => {
  it.each<[string, Outcome, object]>([
    ["the text", { kind: "completed", runId, position: 1, output: "hello" }, { text: "hello" }],
    ["its JSON", { kind: "completed", runId, position: 1, output: { b: 1, a: 2 } }, { text: '{"a":2,"b":1}' }],
    ["nothing", { kind: "completed", runId, position: 1, output: null }, { text: "" }],
    ["nothing", { kind: "completed_without_result" }, { text: "" }],
  ])("is completion with %s", (_name, outcome, expected) => {
    expect(interactionEventOf("int-1", outcome)).toEqual({
      type: "interaction.completed",
      interactionId: "int-1",
      ...expected,
    });
  });

  it("is a call that somebody else owes", () => {
    const outcome = { kind: "callback_pending", runId, position: 1, toolName: "browser", args: { url: "/" } } as const;

    expect(interactionEventOf("int-1", outcome)).toEqual({
      type: "interaction.callback_pending",
      interactionId: "int-1",
      toolName: "browser",
      args: { url: "/" },
    });
  });

  it.each<[string, Outcome]>([
    ["stopped", { kind: "abandoned", reason: "stopped", attempts: 0 }],
    ["max_attempts_exhausted: no", { kind: "abandoned", reason: "max_attempts_exhausted", attempts: 3, failure }],
    ["superseded", { kind: "superseded", by }],
  ])("is failure because it was %s", (reason, outcome) => {
    expect(interactionEventOf("int-1", outcome)).toEqual({
      type: "interaction.failed",
      interactionId: "int-1",
      reason,
    });
  });
});
