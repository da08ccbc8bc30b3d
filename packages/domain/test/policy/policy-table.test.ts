import { type Boundary, KindId, type Lane, PolicyDecision } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { POLICY_TABLE, REQUESTED_MODES, type RequestedMode } from "../../src/policy/policy-table.ts";
import { policyRowOf } from "../../src/policy/resolve-policy.ts";

type Wake = PolicyDecision["wake"];

/** The table as it is documented: kinds, modes, what holds always, then wake and boundary at rest and live. */
interface DocumentedRow {
  readonly kinds: readonly KindId[];
  readonly modes: readonly RequestedMode[];
  readonly apply: PolicyDecision["apply"];
  readonly lane: Lane;
  readonly idle: readonly [Wake, Boundary];
  readonly live: readonly [Wake | "ends a yielding wait", Boundary];
  readonly isImmediate: boolean;
}

const DOCUMENTED: readonly DocumentedRow[] = [
  {
    kinds: ["prompt", "flow_step", "external_event"],
    modes: ["none", "queue"],
    apply: "stage_run_start",
    lane: "queue",
    idle: ["wake_if_idle", "run_start"],
    live: ["none", "run_start"],
    isImmediate: false,
  },
  {
    kinds: ["peer_message", "peer_request"],
    modes: ["none"],
    apply: "stage_run_start",
    lane: "queue",
    idle: ["wake_if_idle", "run_start"],
    live: ["ends a yielding wait", "run_start"],
    isImmediate: false,
  },
  {
    kinds: ["peer_message", "peer_request", "continuation"],
    modes: ["queue"],
    apply: "stage_run_start",
    lane: "queue",
    idle: ["wake_if_idle", "run_start"],
    live: ["none", "run_start"],
    isImmediate: false,
  },
  {
    kinds: ["peer_response_terminal"],
    modes: ["none", "queue"],
    apply: "stage_run_start",
    lane: "queue",
    idle: ["wake_if_idle", "run_start"],
    live: ["wake_if_idle", "run_start"],
    isImmediate: false,
  },
  {
    kinds: ["peer_response_terminal"],
    modes: ["steer"],
    apply: "stage_run_start",
    lane: "steer",
    idle: ["wake_if_idle", "run_start"],
    live: ["ends a yielding wait", "run_start"],
    isImmediate: true,
  },
  {
    kinds: ["prompt", "flow_step", "external_event", "continuation"],
    modes: ["steer"],
    apply: "stage_run_boundary",
    lane: "steer",
    idle: ["wake_if_idle", "run_checkpoint"],
    live: ["ends a yielding wait", "run_checkpoint"],
    isImmediate: true,
  },
  {
    kinds: ["peer_message", "peer_request"],
    modes: ["steer"],
    apply: "stage_run_boundary",
    lane: "steer",
    idle: ["wake_if_idle", "run_start"],
    live: ["ends a yielding wait", "run_checkpoint"],
    isImmediate: true,
  },
  {
    kinds: ["peer_response_progress"],
    modes: ["none", "queue", "steer"],
    apply: "stage_run_boundary",
    lane: "steer",
    idle: ["none", "run_start"],
    live: ["none", "run_checkpoint"],
    isImmediate: false,
  },
  {
    kinds: ["continuation"],
    modes: ["none"],
    apply: "stage_run_boundary",
    lane: "steer",
    idle: ["wake_if_idle", "run_checkpoint"],
    live: ["ends a yielding wait", "run_checkpoint"],
    isImmediate: false,
  },
  {
    kinds: ["operation"],
    modes: ["none", "queue", "steer"],
    apply: "ignore",
    lane: "queue",
    idle: ["none", "run_start"],
    live: ["none", "run_start"],
    isImmediate: false,
  },
];

const cells = KindId.options.flatMap((kind) => REQUESTED_MODES.map((mode) => [kind, mode] as const));

describe.each(cells)("%s asking for %s", (kind, mode) => {
  const row = policyRowOf(kind, mode);

  it("has exactly one row (Y1)", () => {
    expect(POLICY_TABLE.filter(({ kinds, modes }) => kinds.includes(kind) && modes.includes(mode))).toEqual([row]);
  });

  it("behaves as documented", () => {
    const documented = DOCUMENTED.filter(({ kinds, modes }) => kinds.includes(kind) && modes.includes(mode));

    expect(documented).toEqual([
      expect.objectContaining({
        apply: row.both.apply,
        lane: row.both.lane,
        idle: [row.idle.wake, row.idle.boundary],
        live: [row.live.endsYieldingWait ? "ends a yielding wait" : row.live.wake, row.live.boundary],
        isImmediate: row.both.isImmediate,
      }),
    ]);
  });

  it("is a complete decision in both columns", () => {
    expect(PolicyDecision.safeParse({ ...row.both, ...row.idle }).success).toBe(true);
    expect(PolicyDecision.safeParse({ ...row.both, ...row.live }).success).toBe(true);
  });

  it("ends a wait of the running turn instead of waking, and nothing at rest", () => {
    expect(row.idle.endsYieldingWait).toBe(false);
    if (row.live.endsYieldingWait) expect(row.live.wake).toBe("none");
  });

  it("is routed and drained by its lane unless it is dropped", () => {
    const { routing, drain, lane, apply } = row.both;
    const byLane = lane === "steer" ? ["steer", "steer_batch"] : ["queue", "queue_next_turn"];

    expect([routing, drain]).toEqual(apply === "ignore" ? ["drop", "ignore"] : byLane);
  });

  it("coalesces progress reports alone and supersedes nothing", () => {
    const { queue } = row.both;

    expect(queue === "coalesce").toBe(kind === "peer_response_progress");
    expect(queue === "priority").toBe(kind === "operation");
    expect(["fifo", "coalesce", "priority"]).toContain(queue);
  });

  it("is consumed when its run completed, an operation on acceptance (Y2)", () => {
    expect(row.both.consume).toBe(kind === "operation" ? "on_accept" : "on_run_complete");
  });

  it("is recorded unless it is a continuation or an operation", () => {
    const isRecorded = kind !== "continuation" && kind !== "operation";

    expect(row.both).toMatchObject({ isTranscriptRecorded: isRecorded, isOperatorContentEmitted: isRecorded });
  });

  it("resumes pending work exactly when it is a continuation", () => {
    expect(row.both.executionKind).toBe(kind === "continuation" ? "resume_pending" : "content_turn");
  });
});

it.each(["peer_response_progress", "operation"] as const)("never lets %s wake or ask for attention (Y3)", (kind) => {
  for (const mode of REQUESTED_MODES) {
    const { both, idle, live } = policyRowOf(kind, mode);
    expect([idle.wake, live.wake, both.isImmediate]).toEqual(["none", "none", false]);
  }
});
