import type { ExecutorResult, InputId, Suspension } from "@holdfast/contracts";
import type { Executor, Turn } from "@holdfast/runtime";

type Result<Kind extends ExecutorResult["kind"]> = Extract<ExecutorResult, { kind: Kind }>;

/** A turn with the answers spelled out. */
export interface ExecutorTurn extends Turn {
  /** The turn is done: the next state, and what the senders get. Both are JSON. */
  complete(result?: { readonly state?: unknown; readonly output?: unknown }): Result<"completed">;
  /** The turn did not work out. Retryable unless said otherwise. */
  fail(failure: {
    readonly code?: string;
    readonly message: string;
    readonly isRetryable?: boolean;
    readonly retryAt?: Date;
  }): Result<"failed">;
  /**
   * The run goes on later, under its own id, and holds no worker meanwhile: a timer
   * resumes it at its time, an operation when it ends, an approval by `resumeRun`.
   * It finds `data` in `turn.resumed`.
   */
  suspend(wait: { readonly on: Suspension; readonly state?: unknown; readonly data?: unknown }): Result<"suspended">;
  /** The turn ended early, as it was asked to: its inputs end as cancelled, and `state` is what it got done. */
  cancel(result?: { readonly state?: unknown }): Result<"cancelled">;
  /** An input that `turn.inbox` handed over takes the place of this run, and is run next. */
  supersede(by: InputId): Result<"superseded">;
  /** The turn stopped at a tool that somebody else calls: its waiters are told which call they owe. */
  awaitCallback(call: {
    readonly toolName: string;
    readonly args: unknown;
    readonly state?: unknown;
  }): Result<"callback_pending">;
}

/** How an executor presents itself beside its name. */
export interface ExecutorOptions {
  readonly version?: string;
  /** Takes up to this many leading prompts in one turn; the default is one. */
  readonly maxBatch?: number;
}

/**
 * Defines what runs a session's turns. Throwing counts as a retryable failure;
 * after `turn.signal` aborts, make no new side effects.
 */
export function defineExecutor(
  name: string,
  apply: (turn: ExecutorTurn) => Promise<ExecutorResult> | ExecutorResult,
  options: ExecutorOptions = {},
): Executor {
  return {
    name,
    version: options.version ?? "1",
    maxBatch: options.maxBatch ?? 1,
    apply: async (turn) => apply(withAnswers(turn)),
  };
}

type Answers = Omit<ExecutorTurn, keyof Turn>;

// That `unknown` values are JSON is checked where a result is settled, for every executor.
const ANSWERS: Answers = {
  complete: (result = {}) => ({ kind: "completed", ...(result as object) }),
  fail: ({ code = "executor.failed", message, isRetryable = true, retryAt }) => {
    const at = retryAt === undefined ? {} : { retryAt: retryAt.toISOString() };
    return { kind: "failed", failure: { code, message }, isRetryable, ...at };
  },
  suspend: (wait) => ({ kind: "suspended", ...(wait as Pick<Result<"suspended">, "on" | "state" | "data">) }),
  cancel: (result = {}) => ({ kind: "cancelled", ...(result as object) }),
  supersede: (by) => ({ kind: "superseded", by }),
  awaitCallback: (call) => {
    return { kind: "callback_pending", ...(call as Pick<Result<"callback_pending">, "toolName" | "args" | "state">) };
  },
};

function withAnswers(turn: Turn): ExecutorTurn {
  // Not a copy: `primitive` is rendered when it is read.
  return Object.assign(Object.create(turn) as Turn, ANSWERS);
}
