import { SessionPhase } from "@holdfast/contracts";
import { expect, it } from "vitest";
import { deriveState } from "../../src/session/session-state.ts";

it.each([
  [{ isBound: false, hasRun: false }, "idle"],
  [{ isBound: true, hasRun: false }, "attached"],
  [{ isBound: true, hasRun: true }, "running"],
  [{ isBound: false, hasRun: true }, "running"],
] as const)("shows an idle session with %o as %s", (facets, state) => {
  expect(deriveState({ phase: "idle", ...facets })).toBe(state);
});

it.each(SessionPhase.options.filter((phase) => phase !== "idle"))(
  "shows %s as itself, with and without a run",
  (phase) => {
    for (const isBound of [false, true]) {
      for (const hasRun of [false, true]) expect(deriveState({ phase, isBound, hasRun })).toBe(phase);
    }
  },
);
