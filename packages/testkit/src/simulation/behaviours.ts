/** What simulated executors do with a turn: what users do, good and bad. */
import { type InputId, isoOf } from "@holdfast/contracts";
import type { InboxOptions, Turn } from "@holdfast/runtime";
import type { Chance } from "./chance.ts";

/** The state that simulated executors keep: every input that was applied, in order. */
export interface AppliedState {
  readonly applied: readonly InputId[];
}

/** What an executor does with a turn. */
export type Behaviour = (turn: Turn, tools: Tools) => Promise<unknown>;

/** What it does it with. */
export interface Tools {
  readonly chance: Chance;
  readonly leaseMs: number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly now: () => number;
  /** Inputs were taken from the inbox. */
  readonly noteJoined: (inputIds: readonly InputId[]) => void;
  /** Somebody is asked to let the run go on once it is suspended. */
  readonly askApproval: () => void;
}

/** Answers at once. */
export async function complete(turn: Turn, tools: Tools): Promise<unknown> {
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

/** Reaches one boundary after the other. */
async function checkpointTwice(turn: Turn, tools: Tools): Promise<unknown> {
  const state = stateAfter(turn);
  await turn.checkpoint({ state });
  await sleepUnlessAborted(turn, tools, tools.leaseMs * 0.4 * tools.chance.fraction());
  await turn.checkpoint({ data: turn.attempt });
  return completedWith(state, tools);
}

/** Waits until somebody answers. */
async function awaitApproval(turn: Turn, tools: Tools): Promise<unknown> {
  if (turn.resumed !== null) return complete(turn, tools);
  tools.askApproval();
  const on = { type: "approval", approvalId: turn.runId };
  return { kind: "suspended", on, state: stateAfter(turn) };
}

/** Waits for background work, which may be there, over or unknown; and for somebody who looks after what never ends. */
async function awaitOperation(turn: Turn, tools: Tools): Promise<unknown> {
  if (turn.resumed !== null) return complete(turn, tools);
  tools.askApproval();
  return { kind: "suspended", on: { type: "operation", operationId: "op_1" }, state: stateAfter(turn) };
}

async function inboxOf(turn: Turn, { noteJoined }: Tools, options: InboxOptions = {}): Promise<readonly InputId[]> {
  const inputIds = (await turn.inbox(options)).map(({ id }) => id);
  noteJoined(inputIds);
  return inputIds;
}

function extended({ applied }: AppliedState, inputIds: readonly InputId[]): AppliedState {
  return { applied: [...applied, ...inputIds] };
}

/** Takes what steers into the turn, once or twice. */
async function takeInbox(turn: Turn, tools: Tools): Promise<unknown> {
  let state = stateAfter(turn);
  for (let looks = tools.chance.between(1, 2); looks > 0; looks -= 1) {
    await sleepUnlessAborted(turn, tools, tools.leaseMs * 0.3 * tools.chance.fraction());
    state = extended(state, await inboxOf(turn, tools, { limit: tools.chance.pick([1, 2, 100]) }));
  }
  return completedWith(state, tools);
}

/** Commits what it has in the step in which it takes what steers. */
async function checkpointIntoInbox(turn: Turn, tools: Tools): Promise<unknown> {
  let state = stateAfter(turn);
  await sleepUnlessAborted(turn, tools, tools.leaseMs * 0.3 * tools.chance.fraction());
  state = extended(state, await inboxOf(turn, tools, { checkpoint: { state } }));
  await sleepUnlessAborted(turn, tools, tools.leaseMs * 0.2 * tools.chance.fraction());
  return completedWith(state, tools);
}

/** Waits for an input to ask for attention, and does without when none comes. */
async function awaitAttention(turn: Turn, tools: Tools): Promise<unknown> {
  await Promise.race([turn.attention(), sleepUnlessAborted(turn, tools, tools.leaseMs * tools.chance.fraction())]);
  return completedWith(extended(stateAfter(turn), await inboxOf(turn, tools)), tools);
}

/** Ends in favour of something that came in meanwhile. */
async function giveWay(turn: Turn, tools: Tools): Promise<unknown> {
  await sleepUnlessAborted(turn, tools, tools.leaseMs * 0.4 * tools.chance.fraction());
  const joined = await inboxOf(turn, tools);
  if (joined.length > 0) return { kind: "superseded", by: tools.chance.pick(joined) };
  return complete(turn, tools);
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

/** Each as often as it is worth. */
export const BEHAVIOURS: readonly Behaviour[] = [
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
  checkpointTwice,
  awaitApproval,
  awaitApproval,
  awaitOperation,
  takeInbox,
  takeInbox,
  takeInbox,
  checkpointIntoInbox,
  checkpointIntoInbox,
  awaitAttention,
  awaitAttention,
  giveWay,
  giveWay,
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
