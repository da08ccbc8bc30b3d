/**
 * Lifecycle of one run: an ordered set of inputs under one id, over all its
 * attempts.
 *
 * Invariants
 *   R1  An ended run never starts again.
 *   R2  A run that lost its attempt waits; only a spent budget ends it.
 *   R3  A suspended run is staged again only after it was resumed.
 */
import type { RunStatus } from "@holdfast/contracts";
import { setup } from "xstate";

/** What a store observes when an attempt ends. */
export interface RunFacts {
  /** Every input of the run is terminal after this attempt. */
  readonly isBudgetSpent: boolean;
}

/** What happens to a run. */
export type RunMachineEventType =
  | "run.stage"
  | "run.commit"
  | "run.checkpoint"
  | "run.cancel"
  | "run.roll_back"
  | "run.suspend"
  | "run.resume"
  | "run.supersede"
  | "run.fail"
  | "run.lose"
  | "run.release"
  | "run.split"
  | "run.abandon";

/** Which facts each event carries. */
export const RUN_EVENT_FACTS: Readonly<Record<RunMachineEventType, readonly (keyof RunFacts)[]>> = {
  "run.stage": [],
  "run.commit": [],
  "run.checkpoint": [],
  "run.cancel": [],
  "run.roll_back": [],
  "run.suspend": [],
  "run.resume": [],
  "run.supersede": [],
  "run.fail": ["isBudgetSpent"],
  "run.lose": ["isBudgetSpent"],
  "run.release": [],
  "run.split": [],
  "run.abandon": [],
};

interface RunMachineEvent {
  readonly type: RunMachineEventType;
  readonly facts: Partial<RunFacts>;
}

const STATUS = {
  staged: "staged",
  waiting: "waiting",
  suspended: "suspended",
  completed: "completed",
  failed: "failed",
  cancelled: "cancelled",
  superseded: "superseded",
} as const satisfies { readonly [S in RunStatus]: S };

/** The lifecycle of a run; see the head of this file for its invariants. */
export const runMachine = setup({
  types: { events: {} as RunMachineEvent },
  guards: { isBudgetSpent: ({ event }) => event.facts.isBudgetSpent === true },
  actions: {
    countAttempt: () => {},
    writeReceipt: () => {},
    clearJournal: () => {},
  },
}).createMachine({
  id: "run",
  initial: STATUS.waiting,
  states: {
    [STATUS.waiting]: {
      on: {
        "run.stage": { target: STATUS.staged, actions: ["countAttempt"] },
        // A batch of several that failed once or was lost twice: its members become runs of their own.
        "run.split": { target: STATUS.superseded, actions: ["clearJournal"] },
        "run.abandon": { target: STATUS.cancelled, actions: ["clearJournal"] },
      },
    },
    [STATUS.staged]: {
      on: {
        "run.commit": { target: STATUS.completed, actions: ["writeReceipt", "clearJournal"] },
        "run.checkpoint": { actions: ["writeReceipt"] },
        "run.cancel": { target: STATUS.cancelled, actions: ["writeReceipt", "clearJournal"] },
        "run.roll_back": { target: STATUS.cancelled, actions: ["clearJournal"] },
        "run.suspend": { target: STATUS.suspended, actions: ["writeReceipt"] },
        "run.supersede": { target: STATUS.superseded, actions: ["writeReceipt", "clearJournal"] },
        "run.fail": [
          { guard: "isBudgetSpent", target: STATUS.failed, actions: ["clearJournal"] },
          { target: STATUS.waiting }, // R2
        ],
        "run.lose": [
          { guard: "isBudgetSpent", target: STATUS.failed, actions: ["clearJournal"] },
          { target: STATUS.waiting },
        ],
        "run.release": { target: STATUS.waiting },
        "run.abandon": { target: STATUS.cancelled, actions: ["clearJournal"] },
      },
    },
    [STATUS.suspended]: {
      on: {
        "run.resume": { target: STATUS.waiting }, // R3
        "run.abandon": { target: STATUS.cancelled, actions: ["clearJournal"] },
      },
    },
    [STATUS.completed]: { type: "final" }, // R1
    [STATUS.failed]: { type: "final" },
    [STATUS.cancelled]: { type: "final" },
    [STATUS.superseded]: { type: "final" },
  },
});
