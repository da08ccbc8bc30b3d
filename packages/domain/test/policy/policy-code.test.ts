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

it("reads back every decision from thirteen characters", () => {
  fc.assert(
    fc.property(anyDecision, (decision) => {
      const code = encodePolicy(decision);

      expect(code).toMatch(/^[0-9a-z]{13}$/);
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
    wake: "interrupt_yielding",
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
  };

  expect(encodePolicy(decision)).toBe("3142031201012");
  expect(encodePolicy({ ...decision, isImmediate: false })).toBe("3142031200012");
});

it("reads a code from before a dimension as the first value of it", () => {
  expect(decodePolicy("314203120101")).toMatchObject({ queue: "priority", whenBusy: "none" });
});

it.each(["", "0000000000", "z00000000000", "00000000000!"])("refuses the unknown code %j", (code) => {
  expect(thrownBy(() => decodePolicy(code))).toMatchObject({ name: "ZodError" });
});
