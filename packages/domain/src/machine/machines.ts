import { DRAIN_EVENT_FACTS, drainMachine } from "../drain/drain-machine.ts";
import { INPUT_EVENT_FACTS, inputMachine } from "../input/input-machine.ts";
import { OPERATION_EVENT_FACTS, operationMachine } from "../operation/operation-machine.ts";
import { RUN_EVENT_FACTS, runMachine } from "../run/run-machine.ts";
import { OBLIGATION_EVENT_FACTS, obligationMachine } from "../session/obligation-machine.ts";
import { SESSION_EVENT_FACTS, sessionMachine } from "../session/session-machine.ts";
import { compileMachine } from "./compile-table.ts";

/** The session machine, compiled. */
export const SESSION_TABLE = compileMachine({
  id: "session",
  machine: sessionMachine,
  eventFacts: SESSION_EVENT_FACTS,
});

/** The input machine, compiled. */
export const INPUT_TABLE = compileMachine({ id: "input", machine: inputMachine, eventFacts: INPUT_EVENT_FACTS });

/** The run machine, compiled. */
export const RUN_TABLE = compileMachine({ id: "run", machine: runMachine, eventFacts: RUN_EVENT_FACTS });

/** The drain machine, compiled. */
export const DRAIN_TABLE = compileMachine({ id: "drain", machine: drainMachine, eventFacts: DRAIN_EVENT_FACTS });
/** The machine of an unregistration's obligations, compiled. */
export const OBLIGATION_TABLE = compileMachine({
  id: "obligation",
  machine: obligationMachine,
  eventFacts: OBLIGATION_EVENT_FACTS,
});

/** The operation machine, compiled. */
export const OPERATION_TABLE = compileMachine({
  id: "operation",
  machine: operationMachine,
  eventFacts: OPERATION_EVENT_FACTS,
});
