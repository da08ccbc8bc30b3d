/**
 * Named places at which a test makes something go wrong.
 *
 * A point is data, so a scenario can be generated for each; a class says what
 * the store may hold after a crash there.
 */
import { AppError } from "@holdfast/contracts";
import type {
  AdvanceCommand,
  Control,
  Executor,
  Journal,
  Ledger,
  LiveRuns,
  Store,
  Unregistration,
  WakeQueue,
} from "@holdfast/runtime";

/** Operations of the ledger and the control plane that can lose a request or a reply. */
export const FAULTY_OPERATIONS = ["admit", "claim", "renew", "advance", "release", "sweep", "control"] as const;

/** Operations of runs that do more than end: inner boundaries and the inbox, a suspension, and what ends it. */
export const LIVE_OPERATIONS = ["checkpoint", "suspend", "resume"] as const;

/** One of {@link LIVE_OPERATIONS}. */
export type LiveOperation = (typeof LIVE_OPERATIONS)[number];

/** Where in a call it goes wrong. */
export const CALL_STAGES = ["before_send", "after_apply_before_reply", "after_reply"] as const;

/** One of {@link FAULTY_OPERATIONS}. */
export type FaultyOperation = (typeof FAULTY_OPERATIONS)[number];

/** One of {@link CALL_STAGES}. */
export type CallStage = (typeof CALL_STAGES)[number];

/** A named fault point. */
export type FaultPoint =
  | `${FaultyOperation}.${CallStage}`
  | `${LiveOperation}.${CallStage}`
  | "executor.start"
  | "executor.mid"
  | "executor.end"
  | "wake.before_add"
  | "wake.after_add"
  | "journal.before"
  | "journal.after";

/** What the store may hold after a fault: the state before the call, either one, or the state after it. */
export type FaultClass = "before" | "ambiguous" | "after";

const CLASS_OF_STAGE: Readonly<Record<CallStage, FaultClass>> = {
  before_send: "before",
  after_apply_before_reply: "ambiguous",
  after_reply: "after",
};

const CALL_POINTS = FAULTY_OPERATIONS.flatMap((operation) =>
  CALL_STAGES.map((stage): [FaultPoint, FaultClass] => [`${operation}.${stage}`, CLASS_OF_STAGE[stage]]),
);

/** Every point that each session passes, with its class. */
export const FAULT_POINTS: ReadonlyMap<FaultPoint, FaultClass> = new Map<FaultPoint, FaultClass>([
  ...CALL_POINTS,
  ["executor.start", "before"],
  ["executor.mid", "before"],
  ["executor.end", "before"],
  ["wake.before_add", "before"],
  ["wake.after_add", "after"],
  ["journal.before", "before"],
  ["journal.after", "ambiguous"],
]);

/** Every point that only live runs pass, with its class. */
export const LIVE_POINTS: ReadonlyMap<FaultPoint, FaultClass> = new Map(
  LIVE_OPERATIONS.flatMap((operation) =>
    CALL_STAGES.map((stage): [FaultPoint, FaultClass] => [`${operation}.${stage}`, CLASS_OF_STAGE[stage]]),
  ),
);

/** Decides at each point whether something goes wrong there. */
export interface FaultPlan {
  /**
   * `fail` loses the request or the reply: the caller gets `store.unavailable`.
   * `hang` never answers, as a process that was killed.
   */
  at(point: FaultPoint): "pass" | "fail" | "hang";
}

/**
 * A plan that strikes at the given visits of one point, counted from 1. `onStrike`
 * runs first: with `hang`, it may end the process that stands there.
 */
export function strikeAt(
  point: FaultPoint,
  visits: readonly number[],
  how: "fail" | "hang" = "fail",
  onStrike: () => void = () => {},
): FaultPlan {
  let visit = 0;
  return {
    at: (visited) => {
      if (visited !== point) return "pass";
      visit += 1;
      if (!visits.includes(visit)) return "pass";
      onStrike();
      return how;
    },
  };
}

/** A store every call of which that has a fault point may get lost. */
export function faultyStore(store: Store, plan: FaultPlan): Store {
  return {
    ...store,
    ledger: faultyLedger(store.ledger, plan),
    control: faultyControl(store.control, plan),
    journal: faultyJournal(store.journal, plan),
    unregistration: faultyUnregistration(store.unregistration, plan),
    liveRuns: faultyLiveRuns(store.liveRuns, plan),
  };
}

/** A ledger whose requests and replies get lost according to a plan. */
export function faultyLedger(ledger: Ledger, plan: FaultPlan): Ledger {
  return {
    admit: (command) => call(plan, "admit", () => ledger.admit(command)),
    claim: (command) => call(plan, "claim", () => ledger.claim(command)),
    advance: (command) => call(plan, operationOf(command), () => ledger.advance(command)),
    renew: (holds) => call(plan, "renew", () => ledger.renew(holds)),
    sweep: (limit) => call(plan, "sweep", () => ledger.sweep(limit)),
    inspectDue: (ref) => ledger.inspectDue(ref),
    settleChores: (ref) => call(plan, "control", () => ledger.settleChores(ref)),
    watch: (command) => ledger.watch(command),
  };
}

/** Letting go is an advance that stages nothing next, and so may suspending be. */
function operationOf({ settlement, next }: AdvanceCommand): "suspend" | "release" | "advance" {
  if (settlement.kind === "suspended") return "suspend";
  return next === null ? "release" : "advance";
}

/** A control plane whose requests and replies get lost according to a plan. */
export function faultyControl(control: Control, plan: FaultPlan): Control {
  return {
    apply: (command) => call(plan, "control", () => control.apply(command)),
    interrupt: (command) => call(plan, "control", () => control.interrupt(command)),
    publish: (command) => call(plan, "control", () => control.publish(command)),
    resume: (command) => call(plan, "resume", () => control.resume(command)),
  };
}

/** Runs in progress whose calls get lost according to a plan. */
function faultyLiveRuns(liveRuns: LiveRuns, plan: FaultPlan): LiveRuns {
  return {
    checkpoint: (command) => call(plan, "checkpoint", () => liveRuns.checkpoint(command)),
    noteStall: (command) => liveRuns.noteStall(command),
  };
}

/** Unregistrations whose requests and replies get lost according to a plan. */
function faultyUnregistration(unregistration: Unregistration, plan: FaultPlan): Unregistration {
  return {
    begin: (command) => call(plan, "control", () => unregistration.begin(command)),
    close: (command) => call(plan, "control", () => unregistration.close(command)),
    commit: (ref) => call(plan, "control", () => unregistration.commit(ref)),
  };
}

/** A journal that fails before or after it stored a step. */
export function faultyJournal(journal: Journal, plan: FaultPlan): Journal {
  return {
    load: (query) => journal.load(query),
    settle: async (command) => {
      await strike(plan, "journal.before");
      const reply = await journal.settle(command);
      await strike(plan, "journal.after");
      return reply;
    },
  };
}

/** A wake queue that fails before or after it took a wake. */
export function faultyWakeQueue(queue: WakeQueue, plan: FaultPlan): WakeQueue {
  return {
    wake: async (wake) => {
      await strike(plan, "wake.before_add");
      await queue.wake(wake);
      await strike(plan, "wake.after_add");
    },
    consume: (consumption) => queue.consume(consumption),
    stopConsuming: () => queue.stopConsuming(),
    close: () => queue.close(),
  };
}

/** An executor that dies at its start, at its end, or when its turn passes `executor.mid` with `strike`. */
export function faultyExecutor(executor: Executor, plan: FaultPlan): Executor {
  const { name, version, maxBatch } = executor;
  return {
    name,
    version,
    maxBatch,
    apply: async (turn) => {
      await strike(plan, "executor.start");
      const result = await executor.apply(turn);
      await strike(plan, "executor.end");
      return result;
    },
  };
}

/** Passes a point: resolves, rejects with `store.unavailable`, or never does either. */
export async function strike(plan: FaultPlan, point: FaultPoint): Promise<void> {
  const decision = plan.at(point);
  if (decision === "pass") return;
  if (decision === "hang") await new Promise<never>(() => {});
  throw new AppError("store.unavailable", { message: `lost at ${point}` });
}

async function call<T>(
  plan: FaultPlan,
  operation: FaultyOperation | LiveOperation,
  send: () => Promise<T>,
): Promise<T> {
  await strike(plan, `${operation}.before_send`);
  const reply = await send();
  await strike(plan, `${operation}.after_apply_before_reply`);
  await strike(plan, `${operation}.after_reply`);
  return reply;
}
