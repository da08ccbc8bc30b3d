import {
  type ParsedInput,
  type PeerConvention,
  POLICY_VERSION,
  type PolicyDecision,
  SessionSettings,
} from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { policyRowOf, resolvePolicy, signalFor } from "../../src/policy/resolve-policy.ts";
import { sampleInput } from "../input/sample-input.ts";

const settings = SessionSettings.parse({});
const request = (intent: string): PeerConvention => ({ type: "request", requestId: "r", intent });
const terminal: PeerConvention = { type: "response_terminal", requestId: "r", status: "completed" };
const progress: PeerConvention = { type: "response_progress", requestId: "r", phase: "partial_result" };
const steer = { turnMetadata: { handlingMode: "steer" } } as const;

function resolve(input: ParsedInput, options: { silentIntents?: string[]; isWithoutWake?: boolean } = {}) {
  const { silentIntents = [], isWithoutWake = false } = options;
  return resolvePolicy({ input, settings: { silentIntents }, isWithoutWake });
}

describe("policyRowOf", () => {
  it.each(["none", "queue", "steer"] as const)("lets a kind it does not know wait its turn (%s)", (mode) => {
    const { both, idle, live } = policyRowOf("tool_callback", mode);

    expect(both).toEqual(policyRowOf("prompt", "none").both);
    expect([idle, live]).toEqual([
      { wake: "none", boundary: "run_start", endsYieldingWait: false },
      { wake: "none", boundary: "run_start", endsYieldingWait: false },
    ]);
  });
});

describe("resolvePolicy", () => {
  it("answers both columns of the row with the version of the table", () => {
    const row = policyRowOf("peer_message", "steer");

    expect(resolve(sampleInput("peer", { handlingMode: "steer" }))).toEqual({
      version: POLICY_VERSION,
      idle: { ...row.both, ...row.idle },
      live: { ...row.both, ...row.live },
    });
  });

  it("takes the queue mode of a continuation as asked for, written or not", () => {
    const expected = {
      lane: "queue",
      apply: "stage_run_start",
      isTranscriptRecorded: false,
      executionKind: "resume_pending",
    };

    expect(resolve(sampleInput("continuation")).idle).toMatchObject(expected);
    expect(resolve(sampleInput("continuation", { handlingMode: "queue" })).idle).toMatchObject(expected);
  });

  it("gives a progress report its row whatever mode it carries", () => {
    const plain = resolve(sampleInput("peer", { convention: progress }));

    expect(resolve(sampleInput("peer", { convention: progress, handlingMode: "steer" }))).toEqual(plain);
    expect(resolve(sampleInput("peer", { convention: progress, handlingMode: "queue" }))).toEqual(plain);
  });
});

describe("a silent intent", () => {
  const silentIntents = ["report", "ping"];

  it("wakes nothing and waits for the next run", () => {
    const columns = resolve(sampleInput("peer", { convention: request("ping") }), { silentIntents });

    for (const decision of [columns.idle, columns.live]) {
      expect(decision).toMatchObject({
        apply: "stage_run_start",
        boundary: "run_start",
        wake: "none",
        isImmediate: false,
      });
    }
  });

  it("keeps lane, order and transcript, also of a steered request", () => {
    const input = sampleInput("peer", { convention: request("ping"), handlingMode: "steer" });
    const kept = ({ lane, queue, routing, drain, isTranscriptRecorded }: PolicyDecision) => [
      lane,
      queue,
      routing,
      drain,
      isTranscriptRecorded,
    ];

    expect(kept(resolve(input, { silentIntents }).live)).toEqual(kept(resolve(input).live));
  });

  it("suppresses the signal of a steered request, at rest and live", () => {
    const { idle, live } = resolve(sampleInput("peer", { convention: request("ping"), handlingMode: "steer" }), {
      silentIntents,
    });

    expect([signalFor(idle, false), signalFor(live, true)]).toEqual(["none", "none"]);
  });

  it.each(["Ping", "pin", "pings", " ping", ""])("does not match the intent %j", (intent) => {
    const input = sampleInput("peer", { convention: request(intent) });

    expect(resolve(input, { silentIntents })).toEqual(resolve(input));
  });

  it.each([
    ["a message", sampleInput("peer", { body: "ping", convention: { type: "message" } })],
    ["an answer", sampleInput("peer", { body: "ping", convention: terminal })],
    ["a peer without convention", sampleInput("peer", { body: "ping" })],
    ["a prompt", sampleInput("prompt", { text: "ping" })],
  ])("leaves %s alone", (_name, input) => {
    expect(resolve(input, { silentIntents })).toEqual(resolve(input));
  });

  it("matches nothing when the list is empty", () => {
    expect(resolve(sampleInput("peer", { convention: request("") })).idle.wake).toBe("wake_if_idle");
  });
});

describe("an admission without a wake", () => {
  it.each([sampleInput("prompt"), sampleInput("prompt", steer), sampleInput("peer"), sampleInput("continuation")])(
    "stages %o and signals nothing",
    (input) => {
      const { idle, live } = resolve(input, { isWithoutWake: true });

      expect([idle.wake, live.wake]).toEqual(["none", "none"]);
      expect([signalFor(idle, false), signalFor(live, true)]).toEqual(["none", "none"]);
    },
  );

  it("changes nothing else", () => {
    const input = sampleInput("prompt", steer);

    expect(resolve(input, { isWithoutWake: true }).live).toEqual({
      ...resolve(input).live,
      wake: "none",
      isImmediate: false,
      endsYieldingWait: false,
    });
  });
});

describe("signalFor", () => {
  const cases: readonly [string, ParsedInput, idle: string, live: string][] = [
    ["a prompt", sampleInput("prompt"), "wake", "none"],
    ["a steered prompt", sampleInput("prompt", steer), "immediate", "immediate"],
    ["a peer message", sampleInput("peer"), "wake", "immediate"],
    ["a peer message that asks for the queue", sampleInput("peer", { handlingMode: "queue" }), "wake", "none"],
    ["a steered peer message", sampleInput("peer", { handlingMode: "steer" }), "immediate", "immediate"],
    ["an answer", sampleInput("peer", { convention: terminal }), "wake", "wake"],
    [
      "a steered answer",
      sampleInput("peer", { convention: terminal, handlingMode: "steer" }),
      "immediate",
      "immediate",
    ],
    ["a progress report", sampleInput("peer", { convention: progress }), "none", "none"],
    ["a continuation", sampleInput("continuation"), "wake", "none"],
    ["a steered external event", sampleInput("external_event", { handlingMode: "steer" }), "immediate", "immediate"],
    ["an operation", sampleInput("operation"), "none", "none"],
  ];

  it.each(cases)("tells what %s needs at rest and live", (_name, input, atRest, inRun) => {
    const { idle, live } = resolvePolicy({ input, settings, isWithoutWake: false });

    expect([signalFor(idle, false), signalFor(live, true)]).toEqual([atRest, inRun]);
  });

  it("asks nobody to end a wait when there is no run", () => {
    expect(signalFor(resolve(sampleInput("peer")).live, false)).toBe("none");
    expect(signalFor(resolve(sampleInput("peer")).idle, false)).toBe("wake");
  });
});
