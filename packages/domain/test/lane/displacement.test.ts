import { KindId, Outcome, type ParsedInput } from "@holdfast/contracts";
import { expect, it } from "vitest";
import { displacedOutcome, displacementOf, isCoalescible, supersessionScope } from "../../src/lane/displacement.ts";
import { inputId, sampleInput } from "../input/sample-input.ts";

const key = { supersessionKey: "k" };

it("gives inputs of the same kind and key the same scope", () => {
  const newer = sampleInput("prompt", { ...key, text: "other" });

  expect(supersessionScope(newer)).toBe(supersessionScope(sampleInput("prompt", key)));
});

it("gives an input without a key no scope", () => {
  expect(supersessionScope(sampleInput("prompt"))).toBeNull();
});

it("never lets two kinds or two keys share a scope", () => {
  const inputs: readonly ParsedInput[] = [
    sampleInput("prompt", key),
    sampleInput("prompt", { supersessionKey: "prompt:k" }),
    sampleInput("prompt", { supersessionKey: "K" }),
    sampleInput("external_event", key),
    sampleInput("peer", key),
    sampleInput("peer", { ...key, convention: { type: "request", requestId: "r", intent: "i" } }),
    sampleInput("peer", { ...key, convention: { type: "response_progress", requestId: "r", phase: "accepted" } }),
  ];

  expect(new Set(inputs.map(supersessionScope)).size).toBe(inputs.length);
});

it("takes a peer without convention for a message", () => {
  const message = sampleInput("peer", { ...key, convention: { type: "message" } });

  expect(supersessionScope(sampleInput("peer", key))).toBe(supersessionScope(message));
});

it.each([
  ["none", "none"],
  ["fifo", "none"],
  ["priority", "none"],
  ["coalesce", "coalesce"],
  ["supersede", "supersede"],
] as const)("decides by the queue mode %s", (queue, displacement) => {
  expect(displacementOf(queue)).toBe(displacement);
});

it("names the successor in the outcome of the displaced input", () => {
  const successor = inputId(2);

  expect(Outcome.parse(displacedOutcome("supersede", successor))).toEqual({ kind: "superseded", by: successor });
  expect(Outcome.parse(displacedOutcome("coalesce", successor))).toEqual({ kind: "coalesced", into: successor });
});

it("lets only external events and progress reports be coalesced", () => {
  expect(KindId.options.filter(isCoalescible)).toEqual(["peer_response_progress", "external_event"]);
});
