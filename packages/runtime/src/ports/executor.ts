import type { ExecutorResult, Fence, Input, RunPrimitive, SessionRef } from "@holdfast/contracts";

/** Why a turn's signal was aborted. */
export type AbortReason = "lease_lost" | "cancelled" | "rolled_back" | "stopped" | "shutdown" | "not_progressing";

/** What an executor gets for one attempt. */
export interface Turn {
  readonly ref: SessionRef;
  /** Stable over all attempts: the idempotency key for the outside world. */
  readonly runId: Fence["runId"];
  /** From 1; for logs. */
  readonly attempt: number;
  /** Lets a store of your own refuse an older worker. */
  readonly fence: Fence;
  /** The inputs of this turn, in order. Of a run that goes on, those that no boundary has committed. */
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

  /** For readers while the turn is in progress. What is written is no part of the run's result. */
  readonly stream: TurnStream;

  /** What this run committed and was answered before; `null` for one that has committed no boundary yet. */
  readonly resumed: ResumedRun | null;

  /**
   * Commits an inner boundary: the inputs so far are applied under a receipt,
   * and an attempt after this one goes on from here. Resolves when it is durable.
   *
   * @throws AbortError when the turn no longer holds its fence; executor.invalid_result for what is no JSON
   */
  checkpoint(boundary?: BoundaryDraft): Promise<void>;

  /**
   * Takes what waits in the steer lane into this run, in order, at a point where
   * the executor can use it; empty when nothing does. Each input is handed over
   * once, durably staged before. With `checkpoint` a boundary is committed first,
   * in the same step. What is not taken becomes the next run.
   *
   * @throws as `checkpoint`
   */
  inbox(options?: InboxOptions): Promise<readonly Input[]>;

  /**
   * Ends a wait: resolves once an input has asked for attention since the inbox
   * was looked into, at once if one has already. It says that looking may be
   * worth it, nothing more.
   *
   * @throws AbortError when the turn is told to end
   */
  attention(): Promise<void>;
}

/** Writes for readers of the run. */
export interface TurnStream {
  /**
   * Writes a chunk, a text or any other JSON, of at most 64 KiB. Chunks are read in
   * the order they were written in, by whoever follows the run in any process;
   * those of an attempt that is tried again are withdrawn, but for what came before
   * the run's last boundary. Need not be awaited: everything written is there
   * before the next boundary and before the end of the run. Resolves when it is.
   *
   * @throws AbortError when the turn no longer holds its fence or was told to end;
   * executor.invalid_result for what is no JSON; store.unavailable, after which nothing more is written
   */
  write(chunk: unknown): Promise<StreamWrite>;
}

/** What became of a chunk; whatever it is, the run goes on. */
export type StreamWrite =
  | { readonly kind: "written"; readonly offset: number }
  /** It is larger than a chunk may be, and was not written. */
  | { readonly kind: "too_large"; readonly bytes: number }
  /** The run has written as much as a stream may have: neither this chunk nor a later one is. */
  | { readonly kind: "full" };

/** Where a run goes on from. */
export interface ResumedRun {
  /** The last boundary it committed. */
  readonly sequence: number;
  /** What it kept there; `null` for nothing. */
  readonly data: unknown;
  /** What it was resumed with after a suspension; `null` when it was not, or not with anything. */
  readonly value: unknown;
}

/** What an inner boundary commits. */
export interface BoundaryDraft {
  /** The session's next state, as JSON; absent leaves it unchanged. */
  readonly state?: unknown;
  /** What the run finds as `turn.resumed.data`, as JSON; absent leaves what it has. */
  readonly data?: unknown;
}

/** How much the inbox gives. */
export interface InboxOptions {
  /** At most so many inputs; 100 and less are possible. */
  readonly limit?: number;
  /** A boundary to commit first. */
  readonly checkpoint?: BoundaryDraft;
}

/** The user's turn. Throwing counts as a retryable failure. */
export interface Executor {
  readonly name: string;
  readonly version: string;
  /** Takes leading prompts together, up to this many, instead of one prompt a turn. */
  readonly maxBatch: number;
  apply(turn: Turn): Promise<ExecutorResult>;
}
