import type { ExecutorResult } from "@holdfast/contracts";
import type { Executor, Turn } from "@holdfast/runtime";

type Completed = Extract<ExecutorResult, { kind: "completed" }>;
type Failed = Extract<ExecutorResult, { kind: "failed" }>;

/** A turn with the answers spelled out. */
export interface ExecutorTurn extends Turn {
  /** The turn is done: the next state, and what the senders get. Both are JSON. */
  complete(result?: { readonly state?: unknown; readonly output?: unknown }): Completed;
  /** The turn did not work out. Retryable unless said otherwise. */
  fail(failure: {
    readonly code?: string;
    readonly message: string;
    readonly isRetryable?: boolean;
    readonly retryAt?: Date;
  }): Failed;
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

function withAnswers(turn: Turn): ExecutorTurn {
  // Not a copy: `primitive` is rendered when it is read.
  return Object.assign(Object.create(turn) as Turn, {
    complete: (result: { state?: unknown; output?: unknown } = {}): Completed => {
      return { kind: "completed", ...(result as Pick<Completed, "state" | "output">) };
    },
    fail: ({
      code = "executor.failed",
      message,
      isRetryable = true,
      retryAt,
    }: Parameters<ExecutorTurn["fail"]>[0]): Failed => {
      const at = retryAt === undefined ? {} : { retryAt: retryAt.toISOString() };
      return { kind: "failed", failure: { code, message }, isRetryable, ...at };
    },
  });
}
