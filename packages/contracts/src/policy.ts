/**
 * What is to happen with an input: a decision per kind and per state of the
 * session. Both columns travel to the admission script, which picks by the
 * state it sees.
 */
import * as z from "zod";
import { ExecutionKind } from "./input.ts";

/** Version of the default table; stored with every input. */
export const POLICY_VERSION = 1;

/** Which of the two ordered lanes an input waits in; steer is served first. */
export const Lane = z.enum(["steer", "queue"]);
/** See {@link Lane}. */
export type Lane = z.infer<typeof Lane>;

/** Where in a run an input contributes. */
export const Boundary = z.enum(["run_start", "run_checkpoint", "immediate"]);
/** See {@link Boundary}. */
export type Boundary = z.infer<typeof Boundary>;

/** One column of a policy row, resolved for one input. */
export const PolicyDecision = z.strictObject({
  /** When the input takes effect. */
  apply: z.enum(["stage_run_start", "stage_run_boundary", "inject_now", "ignore"]),
  /** Whether it wakes a session at rest. */
  wake: z.enum(["wake_if_idle", "none"]),
  /** How it relates to what is queued. */
  queue: z.enum(["none", "fifo", "coalesce", "supersede", "priority", "replace", "merge", "debounce"]),
  /** When it counts as consumed. */
  consume: z.enum(["on_accept", "on_apply", "on_run_start", "on_run_complete", "explicit_ack"]),
  drain: z.enum(["queue_next_turn", "steer_batch", "immediate", "ignore"]),
  routing: z.enum(["queue", "steer", "immediate", "drop"]),
  lane: Lane,
  boundary: Boundary,
  executionKind: ExecutionKind,
  /** The sender asked for attention during a run. */
  isImmediate: z.boolean(),
  isTranscriptRecorded: z.boolean(),
  isOperatorContentEmitted: z.boolean(),
  /** What it does to a run in progress; `refuse` is for the input itself, and looks at queued work as well. */
  whenBusy: z.enum(["none", "interrupt", "rollback", "refuse"]),
  /** A turn that waits of its own accord is told of it, and may end its wait; a turn at work is not disturbed. */
  endsYieldingWait: z.boolean(),
});
/** See {@link PolicyDecision}. */
export type PolicyDecision = z.infer<typeof PolicyDecision>;

/** Both columns of a row. `live` holds while a run is in progress. */
export interface PolicyColumns {
  readonly version: number;
  readonly idle: PolicyDecision;
  readonly live: PolicyDecision;
}

/** What the sender of an input must do after admission; ordered by urgency. */
export const Signal = z.enum(["none", "wake", "immediate"]);
/** See {@link Signal}. */
export type Signal = z.infer<typeof Signal>;
