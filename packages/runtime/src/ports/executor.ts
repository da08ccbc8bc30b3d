import type { ExecutorResult, Fence, Input, RunPrimitive, SessionRef } from "@holdfast/contracts";

/** Why a turn's signal was aborted. */
export type AbortReason = "lease_lost" | "cancelled" | "stopped" | "shutdown";

/** What an executor gets for one attempt. */
export interface Turn {
  readonly ref: SessionRef;
  /** Stable over all attempts: the idempotency key for the outside world. */
  readonly runId: Fence["runId"];
  /** From 1; for logs. */
  readonly attempt: number;
  /** Lets a store of your own refuse an older worker. */
  readonly fence: Fence;
  /** The inputs of this turn, in order. */
  readonly inputs: readonly Input[];
  /** The same, rendered for a model. */
  readonly primitive: RunPrimitive;
  /** The committed state; `null` at first. Treat as read-only. */
  readonly state: unknown;
  /**
   * The content of a blob that an input names.
   *
   * @throws blob.missing, which names it; store.unavailable
   */
  blob(name: string): Promise<Uint8Array>;
  /** After abort, make no new side effects. Its reason is an `AbortError` whose message names the {@link AbortReason}. */
  readonly signal: AbortSignal;
  /**
   * Runs `fn` once per run: a settled step returns its stored result when the
   * turn is tried again. `args` are part of the step's identity.
   *
   * Residual window: `fn` finished, the process died before the result was
   * stored; then it runs again. Use `runId` and the key to make it idempotent.
   *
   * @throws AbortError when the turn no longer holds its fence.
   */
  step<T>(key: string, fn: () => Promise<T> | T, args?: unknown): Promise<T>;
}

/** The user's turn. Throwing counts as a retryable failure. */
export interface Executor {
  readonly name: string;
  readonly version: string;
  /** Takes leading prompts together, up to this many, instead of one prompt a turn. */
  readonly maxBatch: number;
  apply(turn: Turn): Promise<ExecutorResult>;
}
