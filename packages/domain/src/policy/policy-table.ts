/**
 * The default policy, as rows.
 *
 * A row says what becomes of an input of one of its kinds that asks for one of
 * its modes, at rest and while a run is in progress. The overrides at the end
 * are rows too: what a silent intent or an admission without a wake takes away.
 *
 * Invariants
 *   Y1  Every kind has exactly one row for every mode.
 *   Y2  Nothing but `operation` is consumed before its run completed.
 *   Y3  A progress report and an operation never wake and never ask for attention.
 */
import type { HandlingMode, KindId, PolicyDecision } from "@holdfast/contracts";

/** The lane asked for; `none` leaves the choice to the kind. */
export type RequestedMode = HandlingMode | "none";

/** What differs between a session at rest and one with a run in progress. */
export type PolicyColumn = Pick<PolicyDecision, "wake" | "boundary" | "endsYieldingWait">;

/** One row: which inputs it is about, what holds in both columns, and the columns. */
export interface PolicyRow {
  readonly kinds: readonly KindId[];
  readonly modes: readonly RequestedMode[];
  readonly both: Omit<PolicyDecision, keyof PolicyColumn>;
  readonly idle: PolicyColumn;
  readonly live: PolicyColumn;
}

/** The requested modes, as data. */
export const REQUESTED_MODES = ["none", "queue", "steer"] as const satisfies readonly RequestedMode[];

const IN_QUEUE_LANE: PolicyRow["both"] = {
  apply: "stage_run_start",
  queue: "fifo",
  consume: "on_run_complete",
  drain: "queue_next_turn",
  routing: "queue",
  lane: "queue",
  executionKind: "content_turn",
  isImmediate: false,
  isTranscriptRecorded: true,
  isOperatorContentEmitted: true,
  whenBusy: "none",
};

const IN_STEER_LANE: PolicyRow["both"] = {
  ...IN_QUEUE_LANE,
  apply: "stage_run_boundary",
  drain: "steer_batch",
  routing: "steer",
  lane: "steer",
};

const OF_CONTINUATION = {
  executionKind: "resume_pending",
  isTranscriptRecorded: false,
  isOperatorContentEmitted: false,
} as const satisfies Partial<PolicyRow["both"]>;

const AT_START = {
  wake: "wake_if_idle",
  boundary: "run_start",
  endsYieldingWait: false,
} as const satisfies PolicyColumn;
const AT_CHECKPOINT = { ...AT_START, boundary: "run_checkpoint" } as const satisfies PolicyColumn;
const WAITING = { ...AT_START, wake: "none" } as const satisfies PolicyColumn;
const YIELDING_TO_NEXT_RUN = { ...WAITING, endsYieldingWait: true } as const satisfies PolicyColumn;
const YIELDING_TO_CHECKPOINT = { ...YIELDING_TO_NEXT_RUN, boundary: "run_checkpoint" } as const satisfies PolicyColumn;

/** The default table. Rows are told apart by kind and mode; their order means nothing. */
export const POLICY_TABLE: readonly PolicyRow[] = [
  {
    kinds: ["prompt", "flow_step", "external_event"],
    modes: ["none", "queue"],
    both: IN_QUEUE_LANE,
    idle: AT_START,
    live: WAITING,
  },
  {
    kinds: ["prompt", "flow_step", "external_event"],
    modes: ["steer"],
    both: { ...IN_STEER_LANE, isImmediate: true },
    idle: AT_CHECKPOINT,
    live: YIELDING_TO_CHECKPOINT,
  },
  {
    kinds: ["peer_message", "peer_request"],
    modes: ["none"],
    both: IN_QUEUE_LANE,
    idle: AT_START,
    live: YIELDING_TO_NEXT_RUN,
  },
  { kinds: ["peer_message", "peer_request"], modes: ["queue"], both: IN_QUEUE_LANE, idle: AT_START, live: WAITING },
  {
    // At rest there is no run to steer: the message gets a full turn, ahead of the queue lane.
    kinds: ["peer_message", "peer_request"],
    modes: ["steer"],
    both: { ...IN_STEER_LANE, isImmediate: true },
    idle: AT_START,
    live: YIELDING_TO_CHECKPOINT,
  },
  {
    // Somebody waited for this answer, so the run after the current one takes it up without a further wake.
    kinds: ["peer_response_terminal"],
    modes: ["none", "queue"],
    both: IN_QUEUE_LANE,
    idle: AT_START,
    live: AT_START,
  },
  {
    // An answer starts a turn of its own even when steered: half of it inside another turn helps nobody.
    kinds: ["peer_response_terminal"],
    modes: ["steer"],
    both: { ...IN_STEER_LANE, apply: "stage_run_start", isImmediate: true },
    idle: AT_START,
    live: YIELDING_TO_NEXT_RUN,
  },
  {
    // A mode on a progress report is refused at admission; asked directly, it changes nothing.
    kinds: ["peer_response_progress"],
    modes: ["none", "queue", "steer"],
    both: { ...IN_STEER_LANE, queue: "coalesce" },
    idle: WAITING,
    live: { ...WAITING, boundary: "run_checkpoint" },
  },
  {
    kinds: ["continuation"],
    modes: ["none"],
    both: { ...IN_STEER_LANE, ...OF_CONTINUATION },
    idle: AT_CHECKPOINT,
    live: YIELDING_TO_CHECKPOINT,
  },
  {
    kinds: ["continuation"],
    modes: ["queue"],
    both: { ...IN_QUEUE_LANE, ...OF_CONTINUATION },
    idle: AT_START,
    live: WAITING,
  },
  {
    kinds: ["continuation"],
    modes: ["steer"],
    both: { ...IN_STEER_LANE, ...OF_CONTINUATION, isImmediate: true },
    idle: AT_CHECKPOINT,
    live: YIELDING_TO_CHECKPOINT,
  },
  {
    kinds: ["operation"],
    modes: ["none", "queue", "steer"],
    both: {
      ...IN_QUEUE_LANE,
      apply: "ignore",
      queue: "priority",
      consume: "on_accept",
      drain: "ignore",
      routing: "drop",
      isTranscriptRecorded: false,
      isOperatorContentEmitted: false,
    },
    idle: WAITING,
    live: WAITING,
  },
];

/**
 * For a kind that the table does not know, as a process of an older version
 * meets it: the input waits its turn, and wakes nobody for what it may mean.
 */
export const CONSERVATIVE_ROW: Omit<PolicyRow, "kinds" | "modes"> = {
  both: IN_QUEUE_LANE,
  idle: WAITING,
  live: WAITING,
};

/**
 * What a silent intent changes in both columns: the input waits for whichever
 * run comes next and asks for no attention, not even when it was steered. Its
 * lane and its transcript stay.
 */
export const SILENT_OVERRIDE = {
  apply: "stage_run_start",
  boundary: "run_start",
  wake: "none",
  isImmediate: false,
  endsYieldingWait: false,
} as const satisfies Partial<PolicyDecision>;

/** What neither a silent intent nor an admission without a wake leaves of an overlap policy: it ends no run. */
export const CALM = { interrupt: "none", rollback: "none", refuse: "refuse", none: "none" } as const satisfies Record<
  PolicyDecision["whenBusy"],
  PolicyDecision["whenBusy"]
>;

/** What an admission without a wake changes in both columns. */
export const WITHOUT_WAKE_OVERRIDE = {
  wake: "none",
  isImmediate: false,
  endsYieldingWait: false,
} as const satisfies Partial<PolicyDecision>;
