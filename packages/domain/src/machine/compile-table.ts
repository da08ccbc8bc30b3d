/**
 * Turns a flat machine into a table by asking XState for every transition, so
 * that a table cannot disagree with its machine.
 *
 * A row is `state|event|bits` → `next:effect,effect`; `bits` are the event's
 * facts in their declared order, `1` for true. A combination without a row is
 * refused. State is all a row reads: a machine with context does not compile.
 */
import { type AnyStateMachine, transition } from "xstate";

/** Rows of a compiled machine. */
export type TransitionTable = Readonly<Record<string, string>>;

/** A machine with what the compiler must know beside it. */
export interface MachineSource {
  readonly id: string;
  readonly machine: AnyStateMachine;
  /** The facts of every event, in the order of the bits. */
  readonly eventFacts: Readonly<Record<string, readonly string[]>>;
}

/** A compiled machine. */
export interface CompiledMachine {
  readonly id: string;
  readonly states: readonly string[];
  readonly initial: string;
  readonly finalStates: readonly string[];
  readonly eventFacts: Readonly<Record<string, readonly string[]>>;
  readonly rows: TransitionTable;
  /** Every effect any row names. */
  readonly effects: readonly string[];
}

const MAX_FACTS = 6;

/** Compiles a machine. Throws on a machine that is not flat, has context, or carries too many facts. */
export function compileMachine(source: MachineSource): CompiledMachine {
  assertFlat(source);
  const states = Object.keys(source.machine.states);
  const rows: Record<string, string> = {};
  for (const state of states) {
    for (const [event, facts] of Object.entries(source.eventFacts)) {
      addRows(rows, source, { state, event, facts });
    }
  }
  const effects = new Set(Object.values(rows).flatMap((row) => parseRow(row).effects));
  return {
    id: source.id,
    states,
    initial: source.machine.root.initial.target[0]?.key ?? "",
    finalStates: states.filter((state) => source.machine.states[state]?.type === "final"),
    eventFacts: source.eventFacts,
    rows,
    effects: [...effects].sort(),
  };
}

/** The look-up every store does: what follows, or `null` when the machine refuses. */
export function findTransition(
  rows: TransitionTable,
  step: { readonly state: string; readonly event: string; readonly bits: string },
): { readonly next: string; readonly effects: readonly string[] } | null {
  const row = rows[`${step.state}|${step.event}|${step.bits}`];
  return row === undefined ? null : parseRow(row);
}

/** The facts of an event as bits, in their declared order. */
export function bitsOf(facts: readonly string[], values: Readonly<Record<string, boolean | undefined>>): string {
  return facts.map((fact) => (values[fact] === true ? "1" : "0")).join("");
}

function parseRow(row: string) {
  const [next = "", effects = ""] = row.split(":");
  return { next, effects: effects === "" ? [] : effects.split(",") };
}

function assertFlat({ id, machine, eventFacts }: MachineSource): void {
  if (machine.root.type === "parallel") throw new TypeError(`machine ${id} is in several states at once`);
  for (const [name, node] of Object.entries(machine.states)) {
    const isFlat = Object.keys(node.states).length === 0 && node.after.length === 0 && node.invoke.length === 0;
    if (!isFlat) throw new TypeError(`machine ${id}: state ${name} is not flat`);
  }
  if (machine.config.context !== undefined) throw new TypeError(`machine ${id} has context`);
  for (const event of machine.events) {
    const facts = eventFacts[event];
    if (facts === undefined) throw new TypeError(`machine ${id}: the facts of ${event} are not declared`);
    if (facts.length > MAX_FACTS) throw new TypeError(`machine ${id}: ${event} carries more than ${MAX_FACTS} facts`);
  }
}

function addRows(
  rows: Record<string, string>,
  { machine }: MachineSource,
  { state, event, facts }: { state: string; event: string; facts: readonly string[] },
): void {
  const snapshot = machine.resolveState({ value: state, context: {} });
  for (let combination = 0; combination < 2 ** facts.length; combination += 1) {
    const values = Object.fromEntries(facts.map((fact, index) => [fact, (combination & (1 << index)) !== 0]));
    const type = { type: event, facts: values };
    // An event the machine ignores and one it takes without moving differ only in this.
    if (!snapshot.can(type)) continue;
    const [next, effects] = transition(machine, snapshot, type);
    rows[`${state}|${event}|${bitsOf(facts, values)}`] =
      `${String(next.value)}:${effects.map((e) => e.type).join(",")}`;
  }
}
