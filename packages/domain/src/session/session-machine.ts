/**
 * Lifecycle of one session.
 *
 * Pure and flat. The machine says which phase follows which event, which events
 * are refused, and names the effects; it never performs them. It is compiled to
 * a table that the stores execute inside their one atomic step, so no rule of
 * this file is written anywhere else.
 *
 * Facts are observations of the store, carried in the event. The staged run, the
 * binding and the claim stand beside the phase, never inside it.
 *
 * Invariants
 *   S1  Only `idle` admits input.
 *   S2  A closed intake still drains: `retired` stages and settles runs.
 *   S3  `destroyed` is final.
 *   S4  `draining` stages nothing new; what is staged may still settle.
 *   S5  Verbs that rebuild (recycle, reset, recover) are refused while a run is
 *       staged under a live lease; verbs that end (stop, destroy) never are.
 */
import type { SessionPhase } from "@holdfast/contracts";
import { and, not, or, setup } from "xstate";

/** What a store observes of a session when it raises an event. */
export interface SessionFacts {
  /** A run is staged. */
  readonly hasRun: boolean;
  /** A run is staged and its lease has not ended. */
  readonly isBusy: boolean;
  readonly isBound: boolean;
  /** Some input is neither terminal nor staged. */
  readonly hasPending: boolean;
  /** Every obligation of an unregistration is closed. */
  readonly areObligationsClosed: boolean;
}

/** Commands and facts a session reacts to. */
export type SessionMachineEventType =
  | "session.register"
  | "session.bind"
  | "input.admit"
  | "operations.open"
  | "run.stage"
  | "run.begin"
  | "run.settle"
  | "control.retire"
  | "control.recycle"
  | "control.reset"
  | "control.recover"
  | "control.stop"
  | "control.destroy"
  | "control.interrupt"
  | "unregister.begin"
  | "unregister.end_run"
  | "unregister.end_work"
  | "unregister.commit"
  | "store.rolled_back"
  | "recovery.finish";

/** Which facts each event carries; at most six (a table row per combination). */
export const SESSION_EVENT_FACTS: Readonly<Record<SessionMachineEventType, readonly (keyof SessionFacts)[]>> = {
  "session.register": [],
  "session.bind": [],
  "input.admit": [],
  "operations.open": [],
  "run.stage": ["hasRun", "isBound"],
  "run.begin": ["hasRun"],
  "run.settle": ["hasRun"],
  "control.retire": ["hasRun", "isBound", "hasPending"],
  "control.recycle": ["isBusy"],
  "control.reset": ["isBusy"],
  "control.recover": ["isBusy"],
  "control.stop": [],
  "control.destroy": [],
  "control.interrupt": ["hasRun"],
  "unregister.begin": [],
  "unregister.end_run": ["hasRun", "isBusy"],
  "unregister.end_work": ["hasRun"],
  "unregister.commit": ["hasRun", "areObligationsClosed"],
  "store.rolled_back": [],
  "recovery.finish": [],
};

interface SessionMachineEvent {
  readonly type: SessionMachineEventType;
  readonly facts: Partial<SessionFacts>;
}

/** The phases as the contracts name them, so that a renamed phase fails to compile. */
const PHASE = {
  idle: "idle",
  recovering: "recovering",
  retired: "retired",
  draining: "draining",
  stopped: "stopped",
  destroyed: "destroyed",
} as const satisfies { readonly [P in SessionPhase]: P };

// Transitions that read the same in every phase that has them.
const STOP = {
  target: PHASE.stopped,
  actions: ["abortRun", "clearRun", "bumpToken", "abandonAll.stopped", "endOperations", "unbind", "indexDue"],
} as const;
const DESTROY = {
  target: PHASE.destroyed,
  actions: [
    "abortRun",
    "clearRun",
    "bumpToken",
    "abandonAll.destroyed",
    "endOperations",
    "unbind",
    "leaveDirectory",
    "purge",
    "indexDue",
  ],
} as const;
const RESET = {
  guard: not("isBusy"), // S5
  target: PHASE.idle,
  actions: ["clearRun", "bumpToken", "abandonAll.reset", "indexDue"],
} as const;
const RECOVER = {
  guard: not("isBusy"), // S5
  actions: ["returnStaged", "dropPassing", "indexDue"],
} as const;
const STAGE = { guard: and(["isBound", not("hasRun")]), actions: ["stageRun", "indexDue"] } as const;
const SETTLE = { guard: "hasRun", actions: ["clearRun", "indexDue"] } as const;
const INTERRUPT = { guard: "hasRun", actions: ["requestCancel"] } as const;
const BIND = { actions: ["bindExecutor", "indexDue"] } as const;
const DRAIN = { target: PHASE.draining, actions: ["indexDue"] } as const;
const ROLLED_BACK = { target: PHASE.recovering, actions: ["returnStaged", "indexDue"] } as const;

/** The lifecycle of a session; see the head of this file for its invariants. */
export const sessionMachine = setup({
  types: { events: {} as SessionMachineEvent },
  guards: {
    hasRun: ({ event }) => event.facts.hasRun === true,
    isBusy: ({ event }) => event.facts.isBusy === true,
    isBound: ({ event }) => event.facts.isBound === true,
    hasPending: ({ event }) => event.facts.hasPending === true,
    areObligationsClosed: ({ event }) => event.facts.areObligationsClosed === true,
  },
  actions: {
    // Effects. Bodies stay empty: a store performs them by name, in this order.
    storeInput: () => {},
    bindExecutor: () => {},
    unbind: () => {},
    stageRun: () => {},
    clearRun: () => {},
    /** The staged inputs go back to their place in the lane. */
    returnStaged: () => {},
    /** Inputs that need not survive (ephemeral, derived) end. */
    dropPassing: () => {},
    /** The holder is told to abort the run it works on. */
    abortRun: () => {},
    /** The holder is asked to end the run; the run decides when. */
    requestCancel: () => {},
    /** Every fence handed out so far becomes invalid. */
    bumpToken: () => {},
    "abandonAll.retired": () => {},
    "abandonAll.reset": () => {},
    "abandonAll.stopped": () => {},
    "abandonAll.destroyed": () => {},
    "abandonAll.unregistered": () => {},
    /** The life of the registry ends, and every operation in it. */
    endOperations: () => {},
    indexDue: () => {},
    leaveDirectory: () => {},
    /** What is left of the session is removed, but for its tombstone. */
    purge: () => {},
  },
}).createMachine({
  id: "session",
  initial: PHASE.idle,
  states: {
    [PHASE.idle]: {
      on: {
        "operations.open": { target: PHASE.idle },
        "session.register": { target: PHASE.idle },
        "session.bind": BIND,
        "input.admit": { actions: ["storeInput", "indexDue"] }, // S1
        "run.stage": STAGE,
        // Whoever admits an input and runs it itself needs no binding.
        "run.begin": { guard: not("hasRun"), actions: ["stageRun", "indexDue"] },
        "run.settle": SETTLE,
        "control.retire": [
          {
            guard: or(["isBound", "hasRun", not("hasPending")]),
            target: PHASE.retired,
            actions: ["indexDue"],
          },
          // Nobody would ever drain it.
          { target: PHASE.retired, actions: ["abandonAll.retired", "indexDue"] },
        ],
        "control.recycle": RECOVER,
        "control.reset": RESET,
        "control.recover": RECOVER,
        "control.stop": STOP,
        "control.destroy": DESTROY,
        "control.interrupt": INTERRUPT,
        "unregister.begin": DRAIN,
        "store.rolled_back": ROLLED_BACK,
      },
    },
    [PHASE.recovering]: {
      on: {
        "operations.open": { target: PHASE.recovering },
        "session.bind": { actions: ["bindExecutor"] },
        "recovery.finish": { target: PHASE.idle, actions: ["indexDue"] },
        "control.recover": { ...RECOVER, target: PHASE.idle },
        "control.reset": RESET,
        "control.stop": STOP,
        "control.destroy": DESTROY,
        "unregister.begin": DRAIN,
      },
    },
    [PHASE.retired]: {
      on: {
        "operations.open": { target: PHASE.retired },
        "session.bind": BIND,
        "run.stage": STAGE, // S2
        "run.settle": SETTLE,
        "control.recycle": { ...RECOVER, target: PHASE.idle },
        "control.reset": RESET,
        "control.recover": RECOVER,
        "control.stop": STOP,
        "control.destroy": DESTROY,
        "control.interrupt": INTERRUPT,
        "unregister.begin": DRAIN,
        "store.rolled_back": ROLLED_BACK,
      },
    },
    [PHASE.draining]: {
      on: {
        "operations.open": { target: PHASE.draining },
        "run.settle": SETTLE, // S4
        // The session ends its work at once and is still on its way out.
        "control.stop": { ...STOP, target: PHASE.draining },
        "control.destroy": DESTROY,
        "control.interrupt": INTERRUPT,
        "unregister.end_run": [
          { guard: "isBusy", actions: ["abortRun", "returnStaged", "bumpToken", "indexDue"] },
          { guard: "hasRun", actions: ["returnStaged", "indexDue"] },
        ],
        "unregister.end_work": {
          guard: not("hasRun"),
          actions: ["abandonAll.unregistered", "endOperations", "indexDue"],
        },
        "unregister.commit": {
          guard: and(["areObligationsClosed", not("hasRun")]),
          target: PHASE.idle,
          actions: ["unbind", "leaveDirectory", "indexDue"],
        },
      },
    },
    [PHASE.stopped]: {
      on: {
        "session.register": { target: PHASE.idle },
        "session.bind": { target: PHASE.idle, actions: ["bindExecutor", "indexDue"] },
        "control.retire": { target: PHASE.retired },
        "control.recover": { target: PHASE.stopped },
        "control.destroy": DESTROY,
        "unregister.begin": DRAIN,
      },
    },
    [PHASE.destroyed]: { type: "final" }, // S3
  },
});
