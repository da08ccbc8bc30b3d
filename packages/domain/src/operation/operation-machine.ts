/**
 * Lifecycle of one background operation.
 *
 * Pure and flat, compiled to a table like the session machine.
 *
 * Invariants
 *   O16  An ended operation never changes again.
 *   O17  Only a child agent becomes a peer, and once.
 */
import type { OperationAction, OperationStatus } from "@holdfast/contracts";
import { and, not, setup } from "xstate";

/** What a store observes of an operation when it raises an event. */
export interface OperationFacts {
  /** Its kind becomes a peer. */
  readonly isPeerExpected: boolean;
  /** It was reported ready before. */
  readonly isPeerReady: boolean;
}

/** What happens to an operation. */
export type OperationMachineEventType = `operation.${OperationAction}`;

/** Which facts each event carries. */
export const OPERATION_EVENT_FACTS: Readonly<Record<OperationMachineEventType, readonly (keyof OperationFacts)[]>> = {
  "operation.provision": [],
  "operation.fail_provisioning": [],
  "operation.abort_provisioning": [],
  "operation.report_progress": [],
  "operation.peer_ready": ["isPeerExpected", "isPeerReady"],
  "operation.request_retire": [],
  "operation.complete": [],
  "operation.fail": [],
  "operation.cancel": [],
  "operation.mark_retired": [],
  "operation.terminate": [],
};

interface OperationMachineEvent {
  readonly type: OperationMachineEventType;
  readonly facts: Partial<OperationFacts>;
}

const STATUS = {
  provisioning: "provisioning",
  running: "running",
  retiring: "retiring",
  completed: "completed",
  failed: "failed",
  aborted: "aborted",
  cancelled: "cancelled",
  retired: "retired",
  terminated: "terminated",
} as const satisfies { readonly [S in OperationStatus]: S };

const END = ["recordCompletion"] as const;
const FAIL = { target: STATUS.failed, actions: END } as const;
const CANCEL = { target: STATUS.cancelled, actions: END } as const;
const TERMINATE = { target: STATUS.terminated, actions: END } as const;

// What a started operation reports, whether or not it was asked to retire.
const AT_WORK = {
  "operation.report_progress": { actions: ["countProgress"] },
  "operation.peer_ready": { guard: and(["isPeerExpected", not("isPeerReady")]), actions: ["markPeerReady"] }, // O17
  "operation.complete": { target: STATUS.completed, actions: END },
  "operation.fail": FAIL,
  "operation.cancel": CANCEL,
  "operation.mark_retired": { target: STATUS.retired, actions: END },
  "operation.terminate": TERMINATE,
} as const;

/** The lifecycle of an operation; see the head of this file for its invariants. */
export const operationMachine = setup({
  types: { events: {} as OperationMachineEvent },
  guards: {
    isPeerExpected: ({ event }) => event.facts.isPeerExpected === true,
    isPeerReady: ({ event }) => event.facts.isPeerReady === true,
  },
  actions: {
    markStarted: () => {},
    countProgress: () => {},
    markPeerReady: () => {},
    /** The outcome, its place in the feed, and everybody who waits for it. */
    recordCompletion: () => {},
  },
}).createMachine({
  id: "operation",
  initial: STATUS.provisioning,
  states: {
    [STATUS.provisioning]: {
      on: {
        "operation.provision": { target: STATUS.running, actions: ["markStarted"] },
        "operation.fail_provisioning": FAIL,
        "operation.abort_provisioning": { target: STATUS.aborted, actions: END },
        "operation.fail": FAIL,
        "operation.cancel": CANCEL,
        "operation.terminate": TERMINATE,
      },
    },
    [STATUS.running]: {
      on: { ...AT_WORK, "operation.request_retire": { target: STATUS.retiring } },
    },
    [STATUS.retiring]: { on: AT_WORK },
    [STATUS.completed]: { type: "final" }, // O16
    [STATUS.failed]: { type: "final" },
    [STATUS.aborted]: { type: "final" },
    [STATUS.cancelled]: { type: "final" },
    [STATUS.retired]: { type: "final" },
    [STATUS.terminated]: { type: "final" },
  },
});
