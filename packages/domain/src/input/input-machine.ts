/**
 * Lifecycle of one input.
 *
 * Pure and flat, compiled to a table like the session machine.
 *
 * Invariants
 *   N1  A terminal input never changes again.
 *   N2  What was applied under a receipt is never queued again.
 *   N3  An attempt without an answer counts as a loss, one with a bad answer as
 *       a failure, an orderly hand-back as neither.
 *   N4  What joined a run that goes on as a whole stays staged with it and is in
 *       no lane meanwhile.
 */
import type { InputStatus } from "@holdfast/contracts";
import { setup } from "xstate";

/** What a store observes when an attempt ends. */
export interface InputFacts {
  /** This loss or failure is the last one allowed. */
  readonly isBudgetSpent: boolean;
  /** The session keeps strict order: a failed input stays at the head of its lane. */
  readonly isHeld: boolean;
  /** The run is taken up again as a whole: a boundary of it is committed, or inputs have joined it. */
  readonly isContinued: boolean;
}

/** What happens to an input. */
export type InputMachineEventType =
  | "input.queue"
  | "input.consume_on_accept"
  | "input.supersede"
  | "input.coalesce"
  | "input.aggregate"
  | "input.abandon"
  | "input.drop"
  | "run.stage"
  | "run.checkpoint"
  | "run.commit"
  | "run.cancel"
  | "run.roll_back"
  | "run.suspend"
  | "run.supersede"
  | "run.fail"
  | "run.lose"
  | "run.release";

/** Which facts each event carries. */
export const INPUT_EVENT_FACTS: Readonly<Record<InputMachineEventType, readonly (keyof InputFacts)[]>> = {
  "input.queue": [],
  "input.consume_on_accept": [],
  "input.supersede": [],
  "input.coalesce": [],
  "input.aggregate": [],
  "input.abandon": [],
  "input.drop": [],
  "run.stage": [],
  "run.checkpoint": [],
  "run.commit": [],
  "run.cancel": [],
  "run.roll_back": [],
  "run.suspend": [],
  "run.supersede": [],
  "run.fail": ["isBudgetSpent", "isHeld", "isContinued"],
  "run.lose": ["isBudgetSpent", "isContinued"],
  "run.release": ["isContinued"],
};

interface InputMachineEvent {
  readonly type: InputMachineEventType;
  readonly facts: Partial<InputFacts>;
}

/** `accepted` exists only within the admission script; every other state is stored. */
const STATUS = {
  queued: "queued",
  staged: "staged",
  applied_pending: "applied_pending",
  consumed: "consumed",
  superseded: "superseded",
  coalesced: "coalesced",
  abandoned: "abandoned",
} as const satisfies { readonly [S in InputStatus]: S };

/** The lifecycle of an input; see the head of this file for its invariants. */
export const inputMachine = setup({
  types: { events: {} as InputMachineEvent },
  guards: {
    isBudgetSpent: ({ event }) => event.facts.isBudgetSpent === true,
    isHeld: ({ event }) => event.facts.isHeld === true,
    isContinued: ({ event }) => event.facts.isContinued === true,
  },
  actions: {
    enterLane: () => {},
    leaveLane: () => {},
    countAttempt: () => {},
    countFailure: () => {},
    countLoss: () => {},
    /** Back to where it stood, ahead of everything admitted after it. */
    returnToPlace: () => {},
    /** Behind everything queued at this moment; the admission number stays. */
    moveBehind: () => {},
    recordOutcome: () => {},
    /** Listed for an operator, who may redrive it. */
    deadLetter: () => {},
  },
}).createMachine({
  id: "input",
  initial: "accepted",
  states: {
    accepted: {
      on: {
        "input.queue": { target: STATUS.queued, actions: ["enterLane"] },
        "input.consume_on_accept": { target: STATUS.consumed, actions: ["recordOutcome"] },
        // Its content goes on in an aggregate that is admitted in the same step.
        "input.aggregate": { target: STATUS.coalesced, actions: ["recordOutcome"] },
      },
    },
    [STATUS.queued]: {
      on: {
        "run.stage": { target: STATUS.staged, actions: ["leaveLane", "countAttempt"] },
        "input.supersede": { target: STATUS.superseded, actions: ["leaveLane", "recordOutcome"] },
        "input.coalesce": { target: STATUS.coalesced, actions: ["leaveLane", "recordOutcome"] },
        "input.abandon": { target: STATUS.abandoned, actions: ["leaveLane", "recordOutcome"] },
        // One that need not survive: the session is rebuilt without it.
        "input.drop": { target: STATUS.abandoned, actions: ["leaveLane", "recordOutcome"] },
      },
    },
    [STATUS.staged]: {
      on: {
        "run.stage": { target: STATUS.staged, actions: ["countAttempt"] }, // N4
        "run.checkpoint": { target: STATUS.applied_pending },
        "run.suspend": { target: STATUS.applied_pending },
        "run.commit": { target: STATUS.consumed, actions: ["recordOutcome"] },
        "run.cancel": { target: STATUS.abandoned, actions: ["recordOutcome"] },
        "run.roll_back": { target: STATUS.abandoned, actions: ["recordOutcome"] },
        "run.supersede": { target: STATUS.superseded, actions: ["recordOutcome"] },
        "run.fail": [
          {
            guard: "isBudgetSpent",
            target: STATUS.abandoned,
            actions: ["countFailure", "recordOutcome", "deadLetter"],
          },
          { guard: "isContinued", target: STATUS.staged, actions: ["countFailure"] }, // N4
          { guard: "isHeld", target: STATUS.queued, actions: ["countFailure", "returnToPlace"] },
          { target: STATUS.queued, actions: ["countFailure", "moveBehind"] },
        ],
        "run.lose": [
          { guard: "isBudgetSpent", target: STATUS.abandoned, actions: ["countLoss", "recordOutcome", "deadLetter"] },
          { guard: "isContinued", target: STATUS.staged, actions: ["countLoss"] }, // N4
          { target: STATUS.queued, actions: ["countLoss", "returnToPlace"] },
        ],
        "run.release": [
          { guard: "isContinued", target: STATUS.staged }, // N4
          { target: STATUS.queued, actions: ["returnToPlace"] },
        ],
        "input.abandon": { target: STATUS.abandoned, actions: ["recordOutcome"] },
      },
    },
    [STATUS.applied_pending]: {
      on: {
        "run.stage": { target: STATUS.applied_pending, actions: ["countAttempt"] },
        "run.roll_back": { target: STATUS.consumed, actions: ["recordOutcome"] },
        "run.supersede": { target: STATUS.superseded, actions: ["recordOutcome"] },
        "run.commit": { target: STATUS.consumed, actions: ["recordOutcome"] },
        "run.cancel": { target: STATUS.consumed, actions: ["recordOutcome"] },
        "run.fail": [
          { guard: "isBudgetSpent", target: STATUS.consumed, actions: ["countFailure", "recordOutcome"] }, // N2
          { actions: ["countFailure"] },
        ],
        "run.lose": [
          { guard: "isBudgetSpent", target: STATUS.consumed, actions: ["countLoss", "recordOutcome"] },
          { actions: ["countLoss"] },
        ],
        "run.release": { target: STATUS.applied_pending },
        "input.abandon": { target: STATUS.abandoned, actions: ["recordOutcome"] },
      },
    },
    [STATUS.consumed]: { type: "final" }, // N1
    [STATUS.superseded]: { type: "final" },
    [STATUS.coalesced]: { type: "final" },
    [STATUS.abandoned]: { type: "final" },
  },
});
