import type { ParsedInput } from "@holdfast/contracts";
import { expect, it } from "vitest";
import { supersessionScope } from "../../src/lane/supersession-scope.ts";
import { sampleInput } from "../input/sample-input.ts";

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
