import {
  KindId,
  type NewInput,
  type Overlap,
  OverlapPolicy,
  type ParsedInput,
  type PolicyDecision,
  SessionSettings,
} from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { findAdmissionFault } from "../../src/input/admission-rules.ts";
import { displacementScope } from "../../src/lane/displacement-scope.ts";
import { DEFAULTED_KINDS, OVERLAP_TABLE } from "../../src/policy/overlap-table.ts";
import { resolvePolicy } from "../../src/policy/resolve-policy.ts";
import { sampleInput } from "../input/sample-input.ts";

const debounce: Overlap = { policy: "debounce", windowMs: 1_000 };
const overlaps: readonly Overlap[] = [
  ...OverlapPolicy.options.filter((policy) => policy !== "debounce"),
  debounce,
] as Overlap[];
const nameOf = (overlap: Overlap) => (typeof overlap === "string" ? overlap : overlap.policy);

function resolve(input: ParsedInput, settings: Partial<SessionSettings> = {}, isWithoutWake = false) {
  return resolvePolicy({ input, settings: SessionSettings.parse(settings), isWithoutWake });
}

const asking = (overlap: Overlap, fields: Partial<Extract<NewInput, { kind: "prompt" }>> = {}) =>
  sampleInput("prompt", { overlap, ...fields });

describe("what a prompt gets that asks for a policy", () => {
  const cases: readonly [Overlap, Partial<PolicyDecision>][] = [
    ["queue", { lane: "queue", queue: "fifo", whenBusy: "none" }],
    ["steer", { lane: "steer", queue: "fifo", isImmediate: true, whenBusy: "none" }],
    ["interrupt", { lane: "steer", queue: "priority", boundary: "run_start", whenBusy: "interrupt" }],
    ["rollback", { lane: "steer", queue: "priority", boundary: "run_start", whenBusy: "rollback" }],
    ["latest", { lane: "queue", queue: "replace", whenBusy: "none" }],
    ["merge", { lane: "queue", queue: "merge", whenBusy: "none" }],
    [debounce, { lane: "queue", queue: "debounce", whenBusy: "none" }],
    ["drop", { lane: "queue", queue: "fifo", whenBusy: "refuse" }],
    ["hold", { lane: "queue", queue: "fifo", wake: "none", isImmediate: false }],
  ];

  it.each(cases)("%o", (overlap, expected) => {
    const { idle, live } = resolve(asking(overlap));

    expect(idle).toMatchObject(expected);
    expect(live).toMatchObject(expected);
  });

  it("has a row for every policy [Y4]", () => {
    expect(cases.map(([overlap]) => nameOf(overlap))).toEqual(OverlapPolicy.options);
    expect(Object.keys(OVERLAP_TABLE)).toEqual(OverlapPolicy.options);
  });

  it("looks in the scope of a supersession key where there is one", () => {
    const keyed = resolve(asking("latest", { supersessionKey: "k" }));

    expect(keyed.idle.queue).toBe("supersede");
    expect(displacementScope(asking("latest", { supersessionKey: "k" }), keyed)).toBe("prompt:k");
    expect(displacementScope(asking("latest"), resolve(asking("latest")))).toBeNull();
    expect(displacementScope(asking("merge"), resolve(asking("merge")))).toBe("prompt:");
    expect(displacementScope(asking(debounce), resolve(asking(debounce)))).toBe("prompt:");
    expect(displacementScope(asking("queue"), resolve(asking("queue")))).toBeNull();
  });

  it("steers although its handling mode says queue", () => {
    const input = asking("steer", { turnMetadata: { handlingMode: "queue" } });

    expect(resolve(input).live.lane).toBe("steer");
  });
});

describe("a session's default", () => {
  it("is for kinds that carry content, and for no other [Y5]", () => {
    const terminal = { type: "response_terminal", requestId: "r", status: "completed" } as const;
    const progress = { type: "response_progress", requestId: "r", phase: "accepted" } as const;
    const others = [
      sampleInput("peer", { convention: terminal }),
      sampleInput("peer", { convention: progress }),
      sampleInput("continuation"),
      sampleInput("operation"),
    ];

    for (const input of others) {
      for (const overlap of overlaps) expect(resolve(input, { overlap })).toEqual(resolve(input));
    }
    expect(resolve(sampleInput("prompt"), { overlap: "drop" }).live.whenBusy).toBe("refuse");
    expect(resolve(sampleInput("external_event"), { overlap: "interrupt" }).live.whenBusy).toBe("interrupt");
  });

  it("gives way to what an input asks for", () => {
    const settings = { overlap: "interrupt" } as const;
    const chosen = sampleInput("prompt", { turnMetadata: { handlingMode: "queue" } });

    expect(resolve(asking("hold"), settings)).toEqual(resolve(asking("hold")));
    expect(resolve(chosen, settings)).toEqual(resolve(chosen));
    const steered = sampleInput("external_event", { handlingMode: "steer" });
    expect(resolve(steered, settings)).toEqual(resolve(steered));
  });

  it("is passed over by a kind that cannot have it", () => {
    const request = sampleInput("peer", { convention: { type: "request", requestId: "r", intent: "ask" } });

    expect(resolve(request, { overlap: "merge" })).toEqual(resolve(request));
  });
});

it.each(["interrupt", "rollback"] as const)("ends no run by %s that is silent or without a wake", (overlap) => {
  const request = sampleInput("peer", {
    convention: { type: "request", requestId: "r", intent: "gossip" },
    overlap,
  });

  expect(resolve(request, { silentIntents: ["gossip"] }).live).toMatchObject({ whenBusy: "none", wake: "none" });
  expect(resolve(asking(overlap), {}, true).live).toMatchObject({ whenBusy: "none", wake: "none" });
});

describe("admission rules", () => {
  it.each(OverlapPolicy.options)("refuse %s to kinds that cannot have it", (policy) => {
    const overlap = policy === "debounce" ? debounce : policy;
    const { kinds } = OVERLAP_TABLE[policy];

    expect(findAdmissionFault(sampleInput("operation", { overlap }))).toMatchObject({ reason: "overlap_invalid" });
    expect(findAdmissionFault(asking(overlap))).toBeNull();
    expect(KindId.options.filter((kind) => kinds.includes(kind))).not.toContain("peer_response_progress");
    expect(kinds).toEqual(expect.arrayContaining(policy === "merge" ? ["prompt"] : [...DEFAULTED_KINDS]));
  });

  it.each(["interrupt", "rollback", "drop"] as const)("refuse %s at a later time", (overlap) => {
    const notBefore = "2030-01-01T00:00:00Z";

    expect(findAdmissionFault(asking(overlap, { notBefore }))).toMatchObject({ reason: "overlap_invalid" });
    expect(findAdmissionFault(asking("hold", { notBefore }))).toBeNull();
  });

  it.each([
    ["2030-01-01T00:00:00Z", false],
    ["2030-01-01T00:00:01Z", true],
    ["2029-12-31T23:59:59Z", false],
  ])("refuse to expire at %s what may be tried from the new year on", (expiresAt, isLegal) => {
    const fault = findAdmissionFault(sampleInput("prompt", { notBefore: "2030-01-01T01:00:00+01:00", expiresAt }));

    expect(fault).toEqual(isLegal ? null : expect.objectContaining({ reason: "expiry_invalid" }));
  });
});
