/**
 * Plays a list of commands on two stores in lock-step: every call goes to both
 * with the same arguments, and after every call the answers and the whole of the
 * sessions concerned must be equal.
 */
import { DEFAULT_TIMING, isAppError, type SessionRef } from "@holdfast/contracts";
import type { Store } from "@holdfast/runtime";
import type { Call } from "./calls.ts";
import type { DifferentialCommand } from "./command.ts";
import { findDifference } from "./difference.ts";
import { interpret } from "./interpret.ts";
import { everySession, type Mind, newMind } from "./mind.ts";

/** One of the two stores. */
export interface DifferentialSide {
  readonly store: Store;
  /** The whole of a session; `null` for an unknown one. */
  inspect(ref: SessionRef): Promise<unknown>;
}

/** Two empty stores that share a clock. */
export interface DifferentialRig {
  readonly left: DifferentialSide;
  readonly right: DifferentialSide;
  now(): number;
  advanceTime(ms: number): Promise<void>;
}

/**
 * Plays commands; answers which sessions there were. Rejects at the first
 * difference, naming the command.
 */
export async function playCommands(
  rig: DifferentialRig,
  commands: readonly DifferentialCommand[],
): Promise<readonly SessionRef[]> {
  const mind = newMind(rig.now());
  await playOne(rig, mind, FIRST);
  for (const command of commands) await playOne(rig, mind, command);
  const refs = everySession(mind);
  await compareSessions(rig, refs, "at the end");
  return refs;
}

const LEASE_MS = DEFAULT_TIMING.leaseMs;

const FIRST: DifferentialCommand = {
  type: "register",
  session: 0,
  binding: "hold",
  hasSettings: false,
  mayRevive: true,
};

async function playOne(rig: DifferentialRig, mind: Mind, command: DifferentialCommand): Promise<void> {
  if (command.type === "tick") return pass(rig, mind, command.ms);
  if (command.type === "lose") {
    mind.standings[command.session]?.inHand.clear();
    return pass(rig, mind, LEASE_MS);
  }
  if (command.type === "lose_reply") {
    mind.isReplyLost = true;
    return;
  }
  const call = interpret(mind, command);
  if (call === null) return;
  if (call.at !== undefined && call.at > mind.now) await pass(rig, mind, call.at - mind.now);
  const what = `after ${JSON.stringify(command)}, that is ${call.what}`;
  // Nobody learns of the first answer, which the second one must go with.
  if (mind.isReplyLost) await send(rig, call, `${what}, whose answer is lost`);
  mind.isReplyLost = false;
  const answer = await send(rig, call, what);
  if (isAnswer(answer)) call.learn?.(answer.answer);
}

/** Makes a call on both stores, which must answer and hold the same. */
async function send(rig: DifferentialRig, call: Call, what: string): Promise<Answer> {
  const [left, right] = await Promise.all([answerOf(rig.left, call), answerOf(rig.right, call)]);
  assertSame(left, right, `the answer ${what}`);
  await compareSessions(rig, call.touches, what);
  return left;
}

async function pass(rig: DifferentialRig, mind: Mind, ms: number): Promise<void> {
  await rig.advanceTime(ms);
  mind.now = rig.now();
}

type Answer = { readonly answer: unknown } | { readonly rejected: string };

function isAnswer(answer: Answer): answer is { readonly answer: unknown } {
  return "answer" in answer;
}

async function answerOf({ store }: DifferentialSide, call: Call): Promise<Answer> {
  try {
    return { answer: await call.send(store) };
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { rejected: error.code };
  }
}

async function compareSessions(rig: DifferentialRig, refs: readonly SessionRef[], what: string): Promise<void> {
  for (const ref of refs) {
    const [left, right] = await Promise.all([rig.left.inspect(ref), rig.right.inspect(ref)]);
    assertSame(left, right, `session ${ref.sessionId} ${what}`);
  }
}

function assertSame(left: unknown, right: unknown, what: string): void {
  const difference = findDifference(left, right);
  if (difference !== null) throw new Error(`the stores differ in ${what}\n  at ${difference}`);
}
