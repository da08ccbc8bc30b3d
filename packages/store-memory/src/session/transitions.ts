/** Steps of the compiled machines; every lifecycle decision of this store is one of these look-ups. */
import type { InputStatus, ObligationStatus, OperationStatus, RunStatus, SessionPhase } from "@holdfast/contracts";
import {
  bitsOf,
  type CompiledMachine,
  findTransition,
  INPUT_TABLE,
  OBLIGATION_TABLE,
  OPERATION_TABLE,
  RUN_TABLE,
  SESSION_TABLE,
} from "@holdfast/domain";

/** What follows an event: the next state and the effects to perform, in order. */
export interface Transition<S extends string> {
  readonly next: S;
  readonly effects: readonly string[];
}

type Facts = Readonly<Record<string, boolean>>;
type Stepper<S extends string> = (state: string, event: string, facts?: Facts) => Transition<S> | null;

const NO_FACTS: Facts = {};

// Looked up by state, event and bits as numbers: building a row's key takes longer than the step itself.
function stepperOf<S extends string>(machine: CompiledMachine): Stepper<S> {
  const events = new Map(
    Object.entries(machine.eventFacts).map(([event, facts]) => [event, { event, facts, rows: new Map() }] as const),
  );
  return (state, event, facts = NO_FACTS) => {
    const declared = events.get(event);
    if (declared === undefined) throw new TypeError(`machine ${machine.id} knows no event ${event}`);
    let bits = 0;
    for (const fact of declared.facts) bits = bits * 2 + (facts[fact] === true ? 1 : 0);
    const rows: (Transition<S> | null | undefined)[] = declared.rows.get(state) ?? [];
    if (rows.length === 0) declared.rows.set(state, rows);
    const known = rows[bits];
    if (known !== undefined) return known;
    const step = { state, event, bits: bitsOf(declared.facts, facts) };
    const transition = findTransition(machine.rows, step) as Transition<S> | null;
    rows[bits] = transition;
    return transition;
  };
}

/** One step of a session; `null` when its machine refuses. */
export const stepSession: Stepper<SessionPhase> = stepperOf(SESSION_TABLE);

/** One step of an input; `null` when its machine refuses. */
export const stepInput: Stepper<InputStatus> = stepperOf(INPUT_TABLE);

/** One step of a run; `null` when its machine refuses. */
export const stepRun: Stepper<RunStatus> = stepperOf(RUN_TABLE);

/** One step of an unregistration's obligation; `null` when its machine refuses. */
export const stepObligation: Stepper<ObligationStatus> = stepperOf(OBLIGATION_TABLE);
/** One step of an operation; `null` when its machine refuses. */
export const stepOperation: Stepper<OperationStatus> = stepperOf(OPERATION_TABLE);

const FINAL = {
  session: new Set(SESSION_TABLE.finalStates),
  input: new Set(INPUT_TABLE.finalStates),
  run: new Set(RUN_TABLE.finalStates),
};

/** Whether a state is one that nothing leaves. */
export function isFinal(machine: keyof typeof FINAL, state: string): boolean {
  return FINAL[machine].has(state);
}

/** What performs the effects of a machine, by name. */
export type EffectHandlers<A extends readonly unknown[]> = Readonly<Record<string, (...args: A) => void>>;

/** Performs named effects in the machine's order. An effect without a handler is a defect and raises. */
export function perform<A extends readonly unknown[]>(
  effects: readonly string[],
  handlers: EffectHandlers<A>,
  ...args: A
): void {
  for (const name of effects) {
    const handler = handlers[name];
    if (handler === undefined) throw new TypeError(`nothing performs the effect ${name}`);
    handler(...args);
  }
}
