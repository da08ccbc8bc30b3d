import type { ExecutorResult, Input } from "@holdfast/contracts";
import { EXECUTOR } from "@holdfast/testkit";
import type { Executor, Turn } from "../../src/index.ts";

/** An executor under the name that test sessions are bound to. */
export function executor(apply: (turn: Turn) => unknown, options: Partial<Omit<Executor, "apply">> = {}): Executor {
  return {
    name: EXECUTOR,
    version: "1.0.0",
    maxBatch: 1,
    ...options,
    // Whatever a test answers: the loop must bear it.
    apply: async (turn) => (await apply(turn)) as ExecutorResult,
  };
}

/** The texts of a turn's prompts. */
export function textsOf(turn: Turn): string[] {
  return turn.inputs.map(textOf);
}

/** The text of a prompt, or what kind of input it is. */
export function textOf(input: Input): string {
  return input.kind === "prompt" ? input.text : input.kind;
}

/** Answers with the texts of its inputs and keeps all it has seen as state. */
export function recording(): Executor {
  return executor((turn) => {
    const state = [...((turn.state as string[] | null) ?? []), ...textsOf(turn)];
    return { kind: "completed", state, output: textsOf(turn).join(",") };
  });
}

/** A turn that fails and may be tried again. */
export function failing(): unknown {
  return { kind: "failed", failure: { code: "model.refused", message: "no" }, isRetryable: true };
}

/** One turn that waits for the test. */
export interface HeldTurn {
  readonly turn: Turn;
  /** Ends it. Without an answer it completes with nothing. */
  answer(result?: unknown): void;
  fail(error: Error): void;
}

/** An executor whose turns wait until the test answers them. */
export interface HeldExecutor {
  readonly executor: Executor;
  /** Every turn that began, in order. */
  readonly turns: readonly HeldTurn[];
  /** The latest turn. */
  last(): HeldTurn;
}

/** Creates an executor whose turns wait; it ignores its signal unless told to heed it. */
export function holding(options: { readonly heedsSignal?: boolean } = {}): HeldExecutor {
  const turns: HeldTurn[] = [];
  const apply = (turn: Turn) =>
    new Promise((resolve, reject) => {
      turns.push({ turn, answer: (result = { kind: "completed" }) => resolve(result), fail: reject });
      if (options.heedsSignal === true)
        turn.signal.addEventListener("abort", () => reject(turn.signal.reason as Error));
    });
  return {
    executor: executor(apply),
    turns,
    last: () => {
      const turn = turns.at(-1);
      if (turn === undefined) throw new Error("no turn has begun");
      return turn;
    },
  };
}
