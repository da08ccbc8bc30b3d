import { describe, expect, it } from "vitest";
import { type AnyStateMachine, createMachine, fromPromise, setup } from "xstate";
import { bitsOf, compileMachine, findTransition } from "../../src/machine/compile-table.ts";

const DOOR_FACTS = { open: ["isLocked", "isHeavy"], close: [] };

interface DoorEvent {
  readonly type: "open" | "close";
  readonly facts: { readonly isLocked?: boolean; readonly isHeavy?: boolean };
}

const door = setup({
  types: { events: {} as DoorEvent },
  guards: {
    isLocked: ({ event }) => event.facts.isLocked === true,
    isHeavy: ({ event }) => event.facts.isHeavy === true,
  },
  actions: { creak: () => {}, push: () => {} },
}).createMachine({
  id: "door",
  initial: "closed",
  states: {
    closed: {
      on: {
        open: [
          { guard: "isLocked", target: "closed" },
          { guard: "isHeavy", target: "opened", actions: ["push", "creak"] },
          { target: "opened", actions: ["creak"] },
        ],
      },
    },
    opened: { on: { close: { target: "closed" } } },
    gone: { type: "final" },
  },
});

function compile(machine: AnyStateMachine, eventFacts: Readonly<Record<string, readonly string[]>> = { go: [] }) {
  return () => compileMachine({ id: "test", machine, eventFacts });
}

describe("compiling", () => {
  it("writes a row for every combination that the machine takes, in the declared order of facts", () => {
    const { rows } = compileMachine({ id: "door", machine: door, eventFacts: DOOR_FACTS });

    expect(rows).toEqual({
      "closed|open|00": "opened:creak",
      "closed|open|01": "opened:push,creak",
      "closed|open|10": "closed:",
      "closed|open|11": "closed:",
      "opened|close|": "closed:",
    });
  });

  it("tells states, the initial one, the final ones and the effects", () => {
    expect(compileMachine({ id: "door", machine: door, eventFacts: DOOR_FACTS })).toMatchObject({
      id: "door",
      states: ["closed", "opened", "gone"],
      initial: "closed",
      finalStates: ["gone"],
      effects: ["creak", "push"],
    });
  });

  it("takes six facts and refuses seven", () => {
    const facts = Array.from({ length: 7 }, (_, index) => `fact${index}`);
    const machine = createMachine({ initial: "here", states: { here: { on: { go: "there" } }, there: {} } });

    expect(Object.keys(compile(machine, { go: facts.slice(0, 6) })().rows)).toHaveLength(64);
    expect(compile(machine, { go: facts })).toThrow("go carries more than 6 facts");
  });

  it("refuses an event whose facts are not declared", () => {
    const machine = createMachine({
      initial: "here",
      states: { here: { on: { go: "there", run: "there" } }, there: {} },
    });

    expect(compile(machine)).toThrow("the facts of run are not declared");
  });

  it("refuses context, given as a value or as a function", () => {
    const states = { here: { on: { go: "there" } }, there: {} };

    expect(compile(createMachine({ initial: "here", context: { count: 0 }, states }))).toThrow("has context");
    expect(compile(createMachine({ initial: "here", context: () => ({ count: 0 }), states }))).toThrow("has context");
  });

  it.each<[string, AnyStateMachine, string]>([
    [
      "nested states",
      createMachine({
        initial: "here",
        states: { here: { initial: "in", states: { in: { on: { go: "#there" } } } }, there: { id: "there" } },
      }),
      "state here is not flat",
    ],
    [
      "parallel states",
      createMachine({ type: "parallel", states: { left: { on: { go: {} } }, right: {} } }),
      "in several states at once",
    ],
    [
      "a timer",
      createMachine({ initial: "here", states: { here: { after: { 10: "there" }, on: { go: "there" } }, there: {} } }),
      "state here is not flat",
    ],
    [
      "an invoked actor",
      createMachine({
        initial: "here",
        states: { here: { invoke: { src: fromPromise(async () => 1) }, on: { go: "there" } }, there: {} },
      }),
      "state here is not flat",
    ],
  ])("refuses %s", (_what, machine, complaint) => {
    expect(compile(machine)).toThrow(complaint);
  });
});

describe("looking up", () => {
  const { rows } = compileMachine({ id: "door", machine: door, eventFacts: DOOR_FACTS });

  it("gives the next state and the effects in order", () => {
    expect(findTransition(rows, { state: "closed", event: "open", bits: "01" })).toEqual({
      next: "opened",
      effects: ["push", "creak"],
    });
    expect(findTransition(rows, { state: "opened", event: "close", bits: "" })).toEqual({
      next: "closed",
      effects: [],
    });
  });

  it("tells an event that moves nothing from one that is refused", () => {
    expect(findTransition(rows, { state: "closed", event: "open", bits: "10" })).toEqual({
      next: "closed",
      effects: [],
    });
    expect(findTransition(rows, { state: "opened", event: "open", bits: "00" })).toBeNull();
  });

  it("takes a fact that is not given for false", () => {
    expect(bitsOf(["isLocked", "isHeavy"], { isHeavy: true })).toBe("01");
    expect(bitsOf(["isLocked", "isHeavy"], { isLocked: undefined })).toBe("00");
    expect(bitsOf([], {})).toBe("");
  });
});
