import { Signal } from "@holdfast/contracts";
import { expect, it } from "vitest";
import { compareSignals, strongestSignal } from "../../src/policy/signal.ts";

it("orders signals by urgency", () => {
  expect([...Signal.options].reverse().sort(compareSignals)).toEqual(["none", "wake", "immediate"]);
});

it.each([
  [[], "none"],
  [["none", "none"], "none"],
  [["none", "wake", "none"], "wake"],
  [["immediate", "wake", "none"], "immediate"],
  [["wake", "immediate"], "immediate"],
] as const)("comes to the strongest of %o", (signals, expected) => {
  expect(strongestSignal(signals)).toBe(expected);
});
