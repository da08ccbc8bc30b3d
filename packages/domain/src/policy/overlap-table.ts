/**
 * What an overlap policy changes in the decision of the default table, as rows.
 *
 * An input asks for a policy, or its session has a default. The row replaces the
 * mode that the input is resolved with, or dimensions of the decision, in both
 * columns: which of them takes effect is the store's to see.
 *
 * Invariants
 *   Y4  Every policy has exactly one row.
 *   Y5  Nothing that somebody waits for is dropped, merged or replaced by a
 *       default: a peer's answer and a continuation get what they ask for alone.
 */
import type { HandlingMode, KindId, OverlapPolicy, PolicyDecision } from "@holdfast/contracts";

/** One row. */
export interface OverlapRow {
  /** Kinds that may ask for it. */
  readonly kinds: readonly KindId[];
  /** Stands in for the handling mode; `null` leaves it. */
  readonly mode: HandlingMode | null;
  readonly both: Partial<PolicyDecision>;
  /** Replaces parts of `both` for an input without a supersession key. */
  readonly keyless: Partial<PolicyDecision>;
}

/** Kinds that carry content of their own, and that a session's default is for. */
export const DEFAULTED_KINDS = [
  "prompt",
  "peer_message",
  "peer_request",
  "flow_step",
  "external_event",
] as const satisfies readonly KindId[];

/** Everything but what never waits (operations) and what has one row only (progress reports). */
const WAITING_KINDS = [...DEFAULTED_KINDS, "peer_response_terminal", "continuation"] as const;

/** Kinds whose content can be joined: requests and answers are each for one conversation. */
const JOINED_KINDS = ["prompt", "peer_message", "flow_step", "external_event"] as const;

const NEXT_RUN = {
  apply: "stage_run_start",
  boundary: "run_start",
  wake: "wake_if_idle",
  queue: "priority",
  drain: "immediate",
  routing: "immediate",
  lane: "steer",
  isImmediate: false,
} as const satisfies Partial<PolicyDecision>;

/** The table, by the name of the policy (Y4). */
export const OVERLAP_TABLE: Readonly<Record<OverlapPolicy, OverlapRow>> = {
  queue: { kinds: WAITING_KINDS, mode: "queue", both: {}, keyless: {} },
  steer: { kinds: WAITING_KINDS, mode: "steer", both: {}, keyless: {} },
  interrupt: { kinds: WAITING_KINDS, mode: null, both: { ...NEXT_RUN, whenBusy: "interrupt" }, keyless: {} },
  rollback: { kinds: WAITING_KINDS, mode: null, both: { ...NEXT_RUN, whenBusy: "rollback" }, keyless: {} },
  latest: {
    kinds: [...DEFAULTED_KINDS, "continuation"],
    mode: null,
    both: { queue: "supersede" },
    keyless: { queue: "replace" },
  },
  merge: { kinds: JOINED_KINDS, mode: null, both: { queue: "merge" }, keyless: {} },
  debounce: { kinds: [...DEFAULTED_KINDS, "continuation"], mode: null, both: { queue: "debounce" }, keyless: {} },
  drop: { kinds: [...DEFAULTED_KINDS, "continuation"], mode: null, both: { whenBusy: "refuse" }, keyless: {} },
  hold: { kinds: WAITING_KINDS, mode: null, both: { wake: "none", isImmediate: false }, keyless: {} },
};
