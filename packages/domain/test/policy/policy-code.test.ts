import { PolicyDecision } from "@holdfast/contracts";
import fc from "fast-check";
import { expect, it } from "vitest";
import { decodePolicy, encodePolicy } from "../../src/policy/policy-code.ts";
import { thrownBy } from "../input/sample-input.ts";

function valuesOf(dimension: keyof PolicyDecision): readonly (string | boolean)[] {
  const schema = PolicyDecision.shape[dimension];
  return "options" in schema ? schema.options : [false, true];
}

const dimensions = Object.keys(PolicyDecision.shape) as (keyof PolicyDecision)[];
const anyDecision = fc.record(
  Object.fromEntries(dimensions.map((dimension) => [dimension, fc.constantFrom(...valuesOf(dimension))])),
) as unknown as fc.Arbitrary<PolicyDecision>;

it("reads back every decision from fourteen characters", () => {
  fc.assert(
    fc.property(anyDecision, (decision) => {
      const code = encodePolicy(decision);

      expect(code).toMatch(/^[0-9a-z]{14}$/);
      expect(decodePolicy(code)).toEqual(decision);
    }),
  );
});

it("never gives two decisions one code", () => {
  fc.assert(
    fc.property(anyDecision, anyDecision, (one, other) => {
      const isSame = dimensions.every((dimension) => one[dimension] === other[dimension]);

      expect(encodePolicy(one) === encodePolicy(other)).toBe(isSame);
    }),
  );
});

it("keeps the places of dimensions and values that stored codes rely on", () => {
  const decision: PolicyDecision = {
    apply: "ignore",
    wake: "none",
    queue: "priority",
    consume: "on_run_start",
    drain: "queue_next_turn",
    routing: "drop",
    lane: "queue",
    boundary: "immediate",
    executionKind: "content_turn",
    isImmediate: true,
    isTranscriptRecorded: false,
    isOperatorContentEmitted: true,
    whenBusy: "rollback",
    endsYieldingWait: true,
  };

  expect(encodePolicy(decision)).toBe("31420312010121");
  expect(encodePolicy({ ...decision, isImmediate: false })).toBe("31420312000121");
});

it("reads a code from before a dimension as the first value of it", () => {
  const decision = decodePolicy("314203120101");

  expect(decision).toMatchObject({ queue: "priority", whenBusy: "none", endsYieldingWait: false });
});

it.each(["304203120101", "314203120101", "324203120101"])("reads a way to wake by the place it has in %j", (code) => {
  expect(decodePolicy(code).wake).toBe(code[1] === "0" ? "wake_if_idle" : "none");
});

it.each(["", "0000000000", "z00000000000", "00000000000!"])("refuses the unknown code %j", (code) => {
  expect(thrownBy(() => decodePolicy(code))).toMatchObject({ name: "ZodError" });
});
