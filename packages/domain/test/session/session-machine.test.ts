import { SessionPhase } from "@holdfast/contracts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bitsOf, findTransition } from "../../src/machine/compile-table.ts";
import { SESSION_TABLE } from "../../src/machine/machines.ts";
import type { SessionFacts, SessionMachineEventType } from "../../src/session/session-machine.ts";
import { eventsOf, type FactualEvent } from "../machine/machine-paths.ts";

/** What follows an event in a phase, or `null` when it is refused. */
function step(phase: string, event: SessionMachineEventType, facts: Partial<SessionFacts> = {}) {
  const bits = bitsOf(SESSION_TABLE.eventFacts[event] ?? [], { ...facts });
  return findTransition(SESSION_TABLE.rows, { state: phase, event, bits });
}

function phasesThatTake(event: SessionMachineEventType, facts?: Partial<SessionFacts>): readonly string[] {
  return SESSION_TABLE.states.filter((phase) => step(phase, event, facts) !== null);
}

/** The phases a session goes through, from birth. */
function phasesAfter(events: readonly FactualEvent[]): readonly string[] {
  let phase = SESSION_TABLE.initial;
  return [
    phase,
    ...events.map(({ type, facts }) => {
      phase = step(phase, type as SessionMachineEventType, facts)?.next ?? phase;
      return phase;
    }),
  ];
}

const anyLife = fc.array(fc.constantFrom(...eventsOf(SESSION_TABLE)), { maxLength: 30 });
const REBUILDING = ["control.recycle", "control.reset", "control.recover"] as const;
const ENDING = ["control.stop", "control.destroy"] as const;

it("knows the phases of the contracts and no other", () => {
  expect([...SESSION_TABLE.states].sort()).toEqual([...SessionPhase.options].sort());
});

it("admits input in idle alone, however it came to be there (S1)", () => {
  expect(phasesThatTake("input.admit")).toEqual(["idle"]);
  fc.assert(
    fc.property(anyLife, (events) => {
      for (const phase of phasesAfter(events)) {
        expect(step(phase, "input.admit")?.effects.includes("storeInput") ?? false).toBe(phase === "idle");
      }
    }),
  );
});

it("drains what was admitted after the intake closed: retired stages and settles (S2)", () => {
  expect(step("retired", "input.admit")).toBeNull();
  expect(step("retired", "run.stage", { isBound: true })).toEqual({
    next: "retired",
    effects: ["stageRun", "indexDue"],
  });
  expect(step("retired", "run.settle", { hasRun: true })).toEqual({
    next: "retired",
    effects: ["clearRun", "indexDue"],
  });
});

it("never leaves destroyed and does nothing there (S3)", () => {
  expect(SESSION_TABLE.finalStates).toEqual(["destroyed"]);
  fc.assert(
    fc.property(anyLife, anyLife, (before, after) => {
      const phases = phasesAfter([...before, { type: "control.destroy", facts: {} }, ...after]);

      expect(new Set(phases.slice(before.length + 1))).toEqual(new Set(["destroyed"]));
    }),
  );
});

it("stages nothing new while draining, and settles what is staged (S4)", () => {
  const taken = eventsOf(SESSION_TABLE).flatMap(({ type, facts }) => {
    return step("draining", type as SessionMachineEventType, facts)?.effects ?? [];
  });

  expect(taken).not.toContain("stageRun");
  expect(step("draining", "run.settle", { hasRun: true })).toEqual({
    next: "draining",
    effects: ["clearRun", "indexDue"],
  });
});

describe("while a run is staged under a live lease (S5)", () => {
  const busy = { hasRun: true, isBusy: true, isBound: true, hasPending: true };
  const phasesWithRun = phasesThatTake("run.settle", { hasRun: true });

  it.each(REBUILDING)("%s is refused in every phase but the one without runs", (verb) => {
    // A stopped session has no run; `recover` there confirms the phase and touches nothing.
    const takers = phasesThatTake(verb, busy);

    expect(takers.filter((phase) => phase !== "stopped")).toEqual([]);
    for (const phase of takers) expect(step(phase, verb, busy)?.effects).toEqual([]);
  });

  it.each(ENDING)("%s is taken wherever a run can be, and fences it", (verb) => {
    expect(phasesWithRun).toEqual(["idle", "retired", "draining"]);
    for (const phase of phasesWithRun) {
      expect(step(phase, verb, busy)?.effects).toEqual(expect.arrayContaining(["abortRun", "clearRun", "bumpToken"]));
    }
  });
});

it("has every verb that rebuilds taken when the lease has ended", () => {
  const dead = { hasRun: true, isBusy: false };

  expect(phasesThatTake("control.recycle", dead)).toEqual(["idle", "retired"]);
  expect(phasesThatTake("control.reset", dead)).toEqual(["idle", "recovering", "retired"]);
  expect(phasesThatTake("control.recover", dead)).toEqual(["idle", "recovering", "retired", "stopped"]);
});

it("stages a run only for a bound session without one", () => {
  expect(phasesThatTake("run.stage", { isBound: true })).toEqual(["idle", "retired"]);
  expect(phasesThatTake("run.stage", { isBound: true, hasRun: true })).toEqual([]);
  expect(phasesThatTake("run.stage", { isBound: false })).toEqual([]);
});

it("settles and interrupts only what is there", () => {
  expect(phasesThatTake("run.settle", { hasRun: false })).toEqual([]);
  expect(phasesThatTake("control.interrupt", { hasRun: false })).toEqual([]);
});

it.each([
  [{ isBound: false, hasRun: false, hasPending: true }, true],
  [{ isBound: false, hasRun: false, hasPending: false }, false],
  [{ isBound: true, hasRun: false, hasPending: true }, false],
  [{ isBound: false, hasRun: true, hasPending: true }, false],
] as const)("retires with %o, ending the inputs at once: %s", (facts, endsInputs) => {
  const retired = step("idle", "control.retire", facts);

  expect(retired?.next).toBe("retired");
  expect(retired?.effects.includes("abandonAll.retired")).toBe(endsInputs);
});

it("ends draining only when every obligation is closed and no run is left", () => {
  expect(step("draining", "unregister.commit", { areObligationsClosed: true, hasRun: false })?.next).toBe("idle");
  expect(step("draining", "unregister.commit", { areObligationsClosed: false, hasRun: false })).toBeNull();
  expect(step("draining", "unregister.commit", { areObligationsClosed: true, hasRun: true })).toBeNull();
});

it("ends every input and every run before a session that ended may live again", () => {
  for (const verb of ENDING) {
    const effects = step("idle", verb)?.effects ?? [];

    expect(effects.some((effect) => effect.startsWith("abandonAll."))).toBe(true);
    expect(effects.indexOf("clearRun")).toBeLessThan(effects.findIndex((effect) => effect.startsWith("abandonAll.")));
  }
});
