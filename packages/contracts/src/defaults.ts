/**
 * Every default that somebody may set, and every bound that scripts and loop
 * share, once. Times are milliseconds.
 */

/** Lease, wake and sweep timing. */
export interface Timing {
  /** How long a claim is valid without renewal. */
  readonly leaseMs: number;
  /** Renewal period; the worker adds ±10 % so that many workers do not beat together. */
  readonly renewMs: number;
  /** The worker aborts its executors this long before its lease could end. */
  readonly safetyMs: number;
  /** A dead holder becomes due this long after its lease ended. */
  readonly graceMs: number;
  /** An admission at rest becomes due for the sweeper after this long. */
  readonly sweepDelayMs: number;
  /** Work left behind by a release becomes due after this long. */
  readonly rewakeMs: number;
  /** How often a worker sweeps. */
  readonly sweepPollMs: number;
  /** A session whose executor nobody here hosts is looked at again after this long. */
  readonly unhostedMs: number;
  /** How long a drained session stays warm on its last worker. */
  readonly warmMs: number;
  /** How long a notified warm worker has to claim before a job is added. */
  readonly warmClaimMs: number;
  /** How long an unregistration waits for a run or a drain before it ends them by force. */
  readonly unregisterMs: number;
  /**
   * A blob that nothing refers to is removed once it is that old. An input or a state whose blob is being kept must be
   * in the ledger within it.
   */
  readonly collectAfterMs: number;
}

/**
 * A lease and what goes with it: two renewals may be lost, and there is still
 * time to abort before somebody else may claim.
 */
export function leaseTiming(leaseMs: number): Pick<Timing, "leaseMs" | "renewMs" | "safetyMs"> {
  return { leaseMs, renewMs: Math.floor(leaseMs * 0.3), safetyMs: Math.floor(leaseMs * 0.2) };
}

/** Defaults of {@link Timing}. */
export const DEFAULT_TIMING: Timing = {
  ...leaseTiming(10_000),
  graceMs: 1_000,
  sweepDelayMs: 1_500,
  rewakeMs: 500,
  sweepPollMs: 500,
  unhostedMs: 30_000,
  warmMs: 60_000,
  warmClaimMs: 20,
  unregisterMs: 30_000,
  collectAfterMs: 3_600_000,
};

/** How much one claim may do before it yields, and how large a batch may be. */
export interface LoopLimits {
  /** Boundaries after which a hold yields to other sessions. */
  readonly yieldBoundaries: number;
  /** Time after which a hold yields to other sessions. */
  readonly yieldMs: number;
  /** Inputs of one batch. */
  readonly batchInputs: number;
  /** Sweeps without a claim after which the sweeper runs the session itself. */
  readonly fruitlessSweeps: number;
  /** Sessions a worker runs at the same time. */
  readonly concurrency: number;
  /** Time without a sign of a run after which that is noted. Signs are steps, boundaries, the inbox, chunks. */
  readonly stallNoticeMs: number;
  /** Time within which a run must reach its next boundary; then it is ended and not tried again. */
  readonly stallLimitMs: number;
}

/** Defaults of {@link LoopLimits}. */
export const DEFAULT_LOOP_LIMITS: LoopLimits = {
  yieldBoundaries: 20,
  yieldMs: 60_000,
  batchInputs: 100,
  fruitlessSweeps: 2,
  concurrency: 128,
  stallNoticeMs: 120_000,
  stallLimitMs: 3_600_000,
};

/** When an input stops being tried. */
export interface RetryBudget {
  /** Failures the executor reported. The last one is `max_attempts_exhausted`. */
  readonly maxFailures: number;
  /** Attempts without an answer (crash, lease lost). The last one is `executor_lost`. */
  readonly maxLosses: number;
  /** First delay; doubles with every failure, with full jitter. */
  readonly backoffMs: number;
  /** Longest delay. */
  readonly backoffCapMs: number;
}

/** Defaults of {@link RetryBudget}. */
export const DEFAULT_RETRY_BUDGET: RetryBudget = {
  maxFailures: 3,
  maxLosses: 10,
  backoffMs: 1_000,
  backoffCapMs: 300_000,
};

/** How long a run may take that a call does by itself, unless the call says otherwise. */
export const DEFAULT_DIRECT_RUN_MS = 600_000;

/** How long operations of a process that is not heard of count as in progress. */
export const OPERATION_LEASE_MS = 30_000;

/** How much of what is over a session keeps. What is above it is trimmed, oldest first, a hundred and more at once. */
export interface Retention {
  /**
   * Latest inputs, at least 200. An older one that has ended is trimmed with its
   * payload, outcome, receipt and key; one that lives, and a dead letter that nobody
   * has decided about, stays.
   */
  readonly keepInputs: number;
  /** Latest events, at least 200. */
  readonly keepEvents: number;
  /**
   * Milliseconds since its admission after which an input that has ended goes with all that is its own, and an event
   * with it, a minute at least; 0 for whatever its age. Reaches sessions at rest.
   */
  readonly keepMs: number;
  /**
   * Bytes of inputs and events together, a mebibyte at least; 0 for whatever they take. An input counts its payload and
   * what it ended with, an event what its caller said, and each `ROW_BYTES` for its rows. Events have a half at most, the
   * rest is for inputs. A session is looked at a minute after an admission and has at most this afterwards, but for
   * what lives, a dead letter that nobody has decided about, and the latest 200 of each, which stay whatever they take.
   */
  readonly keepBytes: number;
  /**
   * Streams, latest first, at least 1. An older one whose run is over is removed when another run writes;
   * so is one that stands where there are more bytes than `keepStreamBytes`.
   */
  readonly keepStreams: number;
  /** Bytes of all streams together, as canonical JSON; what one run writes now stays whatever it takes. */
  readonly keepStreamBytes: number;
  /** Bytes that one run may write into its stream over all its attempts, as canonical JSON. */
  readonly streamBytes: number;
  /** Parts that the stream of one run may have. */
  readonly streamParts: number;
}

/** Defaults of {@link Retention}. */
export const DEFAULT_RETENTION: Retention = {
  keepInputs: 10_000,
  keepEvents: 10_000,
  keepMs: 0,
  keepBytes: 0,
  keepStreams: 8,
  keepStreamBytes: 1_048_576,
  streamBytes: 1_048_576,
  streamParts: 10_000,
};

/** Latest request ids of a session whose answers are known: of control commands, events of callers, and removals. */
export const KEPT_REQUESTS = 1_000;

/** Latest displacement scopes of a session that are remembered besides those of which an input waits. */
export const KEPT_SCOPES = 16;

/** Fewer than this could be what a repeated call asks for. */
export const MIN_KEPT = 200;

/** What is younger could be, too, in milliseconds. */
export const MIN_KEPT_MS = 60_000;

/** The latest that are kept whatever they take would often be more than fewer bytes, and a look at them in vain. */
export const MIN_KEPT_BYTES = 1_048_576;

/** What the rows of an input with its receipt count for in `keepBytes`, or those of an event, about. */
export const ROW_BYTES = 256;

/** From an admission to a session that keeps less than its store, or so many bytes, until somebody trims it, in milliseconds. */
export const TRIM_AFTER_MS = 60_000;

/** Most bytes of one chunk of a stream, as canonical JSON. */
export const MAX_CHUNK_BYTES = 65_536;

/** Most bytes of chunks that travel to the store together; the first always fits. */
export const MAX_APPEND_BYTES = 262_144;

/** How long turns in progress may take when a process is told to end. */
export const DEFAULT_GRACE_MS = 20_000;

/** Bounds on JSON that a caller sends. */
export interface JsonLimits {
  /** Canonical bytes of one input. */
  readonly payloadBytes: number;
  /** Nesting of objects and arrays. */
  readonly depth: number;
}

/** Bounds on what a caller may send. */
export interface InputLimits extends JsonLimits {
  /**
   * Inputs that a session may have queued or waiting for a time, unless its settings say otherwise; 0 for no bound.
   * One more is `session.limited`. What a session has is never dropped for it: retries come on top.
   */
  readonly pendingInputs: number;
}

/** Defaults of {@link InputLimits}. */
export const DEFAULT_INPUT_LIMITS: InputLimits = { payloadBytes: 1_048_576, depth: 64, pendingInputs: 0 };

/** When a store takes nothing new, so that what it has can still be finished. */
export interface MemoryLimits {
  /** Share of the server's memory limit, above 0 and up to 1, from which on inputs are `store.limited`. */
  readonly watermark: number;
  /** How long a reading of the server's memory is good for, in milliseconds. */
  readonly readMs: number;
}

/** Defaults of {@link MemoryLimits}. */
export const DEFAULT_MEMORY_LIMITS: MemoryLimits = { watermark: 0.9, readMs: 1_000 };

/** When to try again what was refused for want of room, in milliseconds. */
export const LIMITED_RETRY_MS = 1_000;

/** How long a bounded submission is looked at, in milliseconds. */
export const DEFAULT_SUBMIT_BOUND_MS = 30_000;

/** Applied deliveries of an inbox whose payload can still be read; of older ones it keeps what identifies them. */
export const KEPT_DELIVERIES = 256;

/** Most bytes of a state, an output or a step's result, as canonical JSON. */
export const MAX_RESULT_BYTES = 16 * 1_048_576;

/** Content of more bytes lies beside the ledger, as a blob: payloads of inputs, states, outputs, what runs keep. */
export const DEFAULT_INLINE_BYTES = 65_536;

/** Buckets of a new store; fixed when the store is created. */
export const DEFAULT_BUCKETS = 64;

/** Key prefix of a store; several stores may share one Redis. */
export const DEFAULT_NAMESPACE = "hf";

/** Inputs whose content one merged input may carry; one that comes after them is queued behind it. */
export const MAX_MERGED = 100;

/** Largest batch any script works through in one call. */
export const SCRIPT_BATCH = 100;

/** How the drain of a peer inbox behaves. Times are milliseconds. */
export interface DrainTiming {
  /** A drain that nothing came to for so long ends, until something comes. */
  readonly idleMs: number;
  /** Bound on the first pause after a drain failed; doubles with every failure in a row, with full jitter. */
  readonly backoffMs: number;
  /** Longest such bound. */
  readonly backoffCapMs: number;
  /** How long a subscriber may take to receive how its interaction ended. */
  readonly answerMs: number;
}

/** Defaults of {@link DrainTiming}. */
export const DEFAULT_DRAIN_TIMING: DrainTiming = {
  idleMs: 300_000,
  backoffMs: 500,
  backoffCapMs: 60_000,
  answerMs: 5_000,
};
