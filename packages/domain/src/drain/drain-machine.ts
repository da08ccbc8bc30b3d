/**
 * Lifecycle of the drain that brings what peers send into a session; one per
 * session and process.
 *
 * Pure and flat, compiled to a table like the session machine. A store executes
 * nothing of it: a drain lives and dies with its process.
 *
 * To spawn is an obligation: `spawnTask` opens it and `closeSpawn` closes it,
 * however the start ends. To abort is none: the phase it leads to closes it.
 *
 * Invariants
 *   D41  A spawn is owed exactly while `starting`: whatever leaves that phase closes it, once.
 *   D42  Only a host that failed may come back by itself; what was stopped or dismissed may not.
 *   D43  A dismissed session gets no drain.
 */
import type { DrainPhase } from "@holdfast/contracts";
import { and, not, setup } from "xstate";

/** What is known when an event is raised. */
export interface DrainFacts {
  /** A peer with the right to do so has dismissed the session, and nobody revived it since. */
  readonly isDismissed: boolean;
  /** The task ended because something went wrong. */
  readonly hasFailed: boolean;
  /** The drain serves a session that is kept alive without an executor. */
  readonly isPersistentHost: boolean;
}

/** What happens to a drain. */
export type DrainMachineEventType = "drain.ensure" | "drain.stop" | "task.spawned" | "task.exited" | "task.aborted";

/** Which facts each event carries. */
export const DRAIN_EVENT_FACTS: Readonly<Record<DrainMachineEventType, readonly (keyof DrainFacts)[]>> = {
  "drain.ensure": ["isDismissed"],
  "drain.stop": [],
  "task.spawned": [],
  "task.exited": ["hasFailed", "isPersistentHost"],
  "task.aborted": [],
};

interface DrainMachineEvent {
  readonly type: DrainMachineEventType;
  readonly facts: Partial<DrainFacts>;
}

const PHASE = {
  inactive: "inactive",
  starting: "starting",
  running: "running",
  exited_respawnable: "exited_respawnable",
  stopped: "stopped",
} as const satisfies { readonly [P in DrainPhase]: P };

const ENSURE = { guard: not("isDismissed"), target: PHASE.starting, actions: ["spawnTask"] } as const; // D43

/** The lifecycle of a drain; see the head of this file for its invariants. */
export const drainMachine = setup({
  types: { events: {} as DrainMachineEvent },
  guards: {
    isDismissed: ({ event }) => event.facts.isDismissed === true,
    hasFailed: ({ event }) => event.facts.hasFailed === true,
    isPersistentHost: ({ event }) => event.facts.isPersistentHost === true,
  },
  actions: {
    /** Starts the task and opens the obligation to say that it runs. */
    spawnTask: () => {},
    /** The obligation is met: the task runs, or it never will. */
    closeSpawn: () => {},
    /** The task is told to end; its end is not waited for. */
    abortTask: () => {},
    /** There is no task any more. */
    dropTask: () => {},
  },
}).createMachine({
  id: "drain",
  initial: PHASE.inactive,
  states: {
    [PHASE.inactive]: { on: { "drain.ensure": ENSURE } },
    [PHASE.starting]: {
      on: {
        "task.spawned": { target: PHASE.running, actions: ["closeSpawn"] }, // D41
        "task.exited": [
          {
            guard: and(["hasFailed", "isPersistentHost"]),
            target: PHASE.exited_respawnable,
            actions: ["closeSpawn", "dropTask"],
          },
          { target: PHASE.stopped, actions: ["closeSpawn", "dropTask"] },
        ],
        "task.aborted": { target: PHASE.stopped, actions: ["closeSpawn", "dropTask"] },
        "drain.stop": { target: PHASE.stopped, actions: ["closeSpawn", "abortTask"] },
      },
    },
    [PHASE.running]: {
      on: {
        "task.exited": [
          // D42
          { guard: and(["hasFailed", "isPersistentHost"]), target: PHASE.exited_respawnable, actions: ["dropTask"] },
          { target: PHASE.stopped, actions: ["dropTask"] },
        ],
        "task.aborted": { target: PHASE.stopped, actions: ["dropTask"] },
        "drain.stop": { target: PHASE.stopped, actions: ["abortTask"] },
      },
    },
    [PHASE.exited_respawnable]: {
      on: { "drain.ensure": ENSURE, "drain.stop": { target: PHASE.stopped } },
    },
    [PHASE.stopped]: { on: { "drain.ensure": ENSURE } },
  },
});
