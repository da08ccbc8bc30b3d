/** Executors as users write them, good and bad. */
import type { ExecutorResult, InputId } from "@holdfast/contracts";
import { isoOf } from "@holdfast/contracts";
import type { Executor, Turn } from "@holdfast/runtime";
import type { Chance } from "./chance.ts";
import type { SimulatedNode } from "./node.ts";
import type { Trap } from "./plan-trouble.ts";
import type { TurnRecord } from "./turn-record.ts";
import type { World } from "./world.ts";

/** The state that simulated executors keep: every input that was applied, in order. */
export interface AppliedState {
  readonly applied: readonly InputId[];
}

type Behaviour = (turn: Turn, tools: Tools) => Promise<unknown>;

interface Tools {
  readonly chance: Chance;
  readonly leaseMs: number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly now: () => number;
}

/** Creates the executors of one worker. */
export function createExecutors(world: World, node: SimulatedNode, names: readonly string[]): Executor[] {
  return names.map((name) => ({
    name,
    version: "1.0.0",
    maxBatch: name === "batching" ? 16 : 1,
    apply: async (turn) => {
      node.turns += 1;
      try {
        return await applyTurn(world, node, turn);
      } finally {
        node.turns -= 1;
      }
    },
  }));
}

async function applyTurn(world: World, node: SimulatedNode, turn: Turn): Promise<ExecutorResult> {
  const record: TurnRecord = { turn, inputIds: turn.inputs.map(({ id }) => id), step: null };
  world.turns.push(record);
  const { isQuiet, turnChance: chance } = world;
  const behaviour = isQuiet ? complete : chance.pick(BEHAVIOURS);
  world.history.note(node.name, "turn", () => ({
    session: turn.ref.sessionId,
    run: `${turn.runId}#${turn.attempt}`,
    does: behaviour.name,
    inputs: record.inputIds,
  }));
  const tools = toolsOf(world, node);
  await passTrap(world, node, "start");
  if (!isQuiet && chance.isHit(0.4)) {
    record.step = await takeStep(turn, tools, () => passTrap(world, node, "step"));
  }
  const result = await behaviour(turn, tools);
  await passTrap(world, node, "end");
  return result as ExecutorResult;
}

/** Springs a trap that waits here; the turn goes on when its process does. */
async function passTrap({ traps }: World, node: SimulatedNode, where: NonNullable<Trap>): Promise<void> {
  const at = traps.findIndex((trap) => trap.where === where);
  const [trap] = at < 0 ? [] : traps.splice(at, 1);
  if (trap === undefined) return;
  trap.strike(node);
  await new Promise<void>((resolve) => void node.clock.after(0, resolve));
}

function toolsOf({ turnChance, plan }: World, { clock }: SimulatedNode): Tools {
  return {
    chance: turnChance,
    leaseMs: plan.timing.leaseMs,
    now: () => clock.now(),
    sleep: (ms) => (ms <= 0 ? Promise.resolve() : new Promise((resolve) => void clock.after(ms, resolve))),
  };
}

/** A step whose result differs whenever it really runs. */
function takeStep(turn: Turn, { chance, sleep }: Tools, pass: () => Promise<void>): Promise<string> {
  return turn.step("effect", async () => {
    await sleep(chance.pick([0, 0, 20]));
    await pass();
    return `${turn.fence.claimId}#${turn.attempt}`;
  });
}

async function complete(turn: Turn, tools: Tools): Promise<unknown> {
  return completedWith(stateAfter(turn), tools);
}

function completedWith(state: AppliedState, { chance }: Tools): unknown {
  return { kind: "completed", state, ...(chance.isHit(0.8) ? { output: { count: state.applied.length } } : {}) };
}

function stateAfter({ state, inputs }: Turn): AppliedState {
  const { applied } = (state ?? { applied: [] }) as AppliedState;
  return { applied: [...applied, ...inputs.map(({ id }) => id)] };
}

async function completeSoon(turn: Turn, tools: Tools): Promise<unknown> {
  await tools.sleep(tools.chance.between(1, 60));
  return complete(turn, tools);
}

async function completeSlowly(turn: Turn, tools: Tools): Promise<unknown> {
  await sleepUnlessAborted(turn, tools, tools.leaseMs * 0.6 * tools.chance.fraction());
  return complete(turn, tools);
}

async function completeAfterManyRenewals(turn: Turn, tools: Tools): Promise<unknown> {
  await sleepUnlessAborted(turn, tools, tools.leaseMs * (1 + tools.chance.fraction()));
  return complete(turn, tools);
}

/** Goes on whatever its signal says, and answers all the same. */
async function ignoreSignal(turn: Turn, tools: Tools): Promise<unknown> {
  await tools.sleep(tools.leaseMs * 1.5 * tools.chance.fraction());
  return complete(turn, tools);
}

async function hangUntilAborted(turn: Turn, tools: Tools): Promise<unknown> {
  await sleepUnlessAborted(turn, tools, tools.leaseMs * 2.5);
  return complete(turn, tools);
}

async function failRetryably(): Promise<unknown> {
  return { kind: "failed", failure: { code: "simulated", message: "not this time" }, isRetryable: true };
}

async function failForGood(): Promise<unknown> {
  return { kind: "failed", failure: { code: "simulated", message: "never" }, isRetryable: false };
}

async function failUntilLater(_: Turn, { chance, now }: Tools): Promise<unknown> {
  const retryAt = isoOf(now() + chance.between(-100, 2_000));
  return { kind: "failed", failure: { code: "simulated", message: "later" }, isRetryable: true, retryAt };
}

async function throwAtOnce(): Promise<unknown> {
  throw new Error("thrown by the executor");
}

async function throwLate(_: Turn, { chance, sleep }: Tools): Promise<unknown> {
  await sleep(chance.between(1, 60));
  throw new Error("thrown by the executor");
}

/** Lets others run for a while, and goes on when its time comes. */
async function suspendForAWhile(turn: Turn, tools: Tools): Promise<unknown> {
  if (turn.resumed !== null) return complete(turn, tools);
  const at = isoOf(tools.now() + tools.chance.between(-100, 2_000));
  return { kind: "suspended", on: { type: "timer", at }, state: stateAfter(turn), data: turn.attempt };
}

/** Commits what it was given before it does anything slow. */
async function checkpointFirst(turn: Turn, tools: Tools): Promise<unknown> {
  const state = stateAfter(turn);
  await turn.checkpoint({ state, data: turn.attempt });
  await sleepUnlessAborted(turn, tools, tools.leaseMs * 0.3 * tools.chance.fraction());
  return completedWith(state, tools);
}

async function answerCancelled(): Promise<unknown> {
  return { kind: "cancelled" };
}

async function answerGarbage(turn: Turn, { chance }: Tools): Promise<unknown> {
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  return chance.pick([
    undefined,
    null,
    42,
    { kind: "done" },
    { kind: "completed", state: { at: Number.NaN } },
    { kind: "completed", output: cycle },
    { kind: "suspended", on: { type: "nothing" } },
    { kind: "superseded", by: turn.inputs[0]?.id },
  ]);
}

const BEHAVIOURS: readonly Behaviour[] = [
  ...Array<Behaviour>(14).fill(complete),
  ...Array<Behaviour>(8).fill(completeSoon),
  ...Array<Behaviour>(5).fill(completeSlowly),
  completeAfterManyRenewals,
  completeAfterManyRenewals,
  ignoreSignal,
  ignoreSignal,
  hangUntilAborted,
  failRetryably,
  failRetryably,
  failForGood,
  failUntilLater,
  throwAtOnce,
  throwLate,
  suspendForAWhile,
  suspendForAWhile,
  checkpointFirst,
  checkpointFirst,
  answerCancelled,
  answerGarbage,
];

function sleepUnlessAborted({ signal }: Turn, { sleep }: Tools, ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = () => reject(signal.reason as Error);
    if (signal.aborted) {
      fail();
      return;
    }
    signal.addEventListener("abort", fail, { once: true });
    sleep(ms).then(resolve, reject);
  });
}
