import type { Durability, NewInput, Origin, PeerConvention } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { findAdmissionFault, findTerminalShapeFault } from "../../src/input/admission-rules.ts";
import { parseNewInput } from "../../src/input/parse-input.ts";
import { sampleInput } from "./sample-input.ts";

const origins: Readonly<Record<Origin["type"], Origin>> = {
  operator: { type: "operator" },
  peer: { type: "peer", peerId: "p" },
  flow: { type: "flow", flowId: "f", stepIndex: 0 },
  system: { type: "system" },
  external: { type: "external", sourceName: "s" },
};

const conventions: Readonly<Record<PeerConvention["type"], PeerConvention>> = {
  message: { type: "message" },
  request: { type: "request", requestId: "r", intent: "ask" },
  response_progress: { type: "response_progress", requestId: "r", phase: "accepted" },
  response_terminal: { type: "response_terminal", requestId: "r", status: "completed" },
};

const variants: Readonly<Record<string, NewInput>> = {
  prompt: { kind: "prompt", text: "x" },
  peer_message: { kind: "peer", body: "x", convention: conventions.message },
  peer_request: { kind: "peer", body: "x", convention: conventions.request },
  peer_response_progress: { kind: "peer", body: "x", convention: conventions.response_progress },
  peer_response_terminal: { kind: "peer", body: "x", convention: conventions.response_terminal },
  peer_without_convention: { kind: "peer", body: "x" },
  flow_step: { kind: "flow_step", stepId: "s", instructions: "x" },
  external_event: { kind: "external_event", eventType: "e", payload: null },
  continuation: { kind: "continuation", reason: "r" },
  operation: { kind: "operation", operationId: "o", event: { type: "progress" } },
};

function faultOf(variant: string, durability: Durability, origin: Origin["type"]) {
  return findAdmissionFault(parseNewInput({ ...variants[variant], durability, source: origins[origin] }));
}

const allVariants = Object.keys(variants);
const derivable = new Set([
  "peer_response_progress",
  "peer_without_convention",
  "external_event",
  "continuation",
  "operation",
]);

describe("durability", () => {
  it.each(allVariants)("lets %s be durable or ephemeral from any origin", (variant) => {
    for (const origin of Object.keys(origins) as Origin["type"][]) {
      expect(faultOf(variant, "durable", origin)).toBeNull();
      expect(faultOf(variant, "ephemeral", origin)).toBeNull();
    }
  });

  it.each(allVariants)("never lets %s be derived by an operator, a peer or an external source", (variant) => {
    for (const origin of ["operator", "peer", "external"] as const) {
      expect(faultOf(variant, "derived", origin)).toMatchObject({
        reason: "durability_violation",
        detail: expect.stringContaining(`origin ${origin}`),
      });
    }
  });

  it.each(allVariants)("decides by kind whether the system or a flow derives %s", (variant) => {
    const expected = derivable.has(variant) ? undefined : "durability_violation";

    expect(faultOf(variant, "derived", "system")?.reason).toBe(expected);
    expect(faultOf(variant, "derived", "flow")?.reason).toBe(expected);
  });
});

describe("the handling mode of a peer input", () => {
  it.each(["queue", "steer"] as const)("is refused as %s on a progress report", (handlingMode) => {
    const input = sampleInput("peer", { convention: conventions.response_progress, handlingMode });

    expect(findAdmissionFault(input)).toMatchObject({ reason: "peer_handling_mode_invalid" });
  });

  it.each(["message", "request", "response_terminal"] as const)("is free on a %s", (type) => {
    const input = sampleInput("peer", { convention: conventions[type], handlingMode: "steer" });

    expect(findAdmissionFault(input)).toBeNull();
  });

  it("is free without a convention", () => {
    expect(findAdmissionFault(sampleInput("peer", { handlingMode: "steer" }))).toBeNull();
  });

  it("is looked at after durability", () => {
    const input = sampleInput("peer", {
      convention: conventions.response_progress,
      handlingMode: "steer",
      durability: "derived",
    });

    expect(findAdmissionFault(input)).toMatchObject({ reason: "durability_violation" });
  });
});

describe("a terminal response", () => {
  const terminal = (convention: object): unknown => ({
    kind: "peer",
    body: "done",
    convention: { type: "response_terminal", requestId: "r", status: "completed", ...convention },
  });

  it.each(["completed", "failed"])("may say %s", (status) => {
    expect(findAdmissionFault(parseNewInput(terminal({ status })))).toBeNull();
  });

  it("may not say cancelled", () => {
    expect(findAdmissionFault(parseNewInput(terminal({ status: "cancelled" })))).toEqual({
      reason: "peer_terminal_invalid",
      detail: "a cancelled request has no response: nobody waits for one",
    });
  });

  it.each([
    ["requestId", { requestId: "" }],
    ["requestId", { requestId: undefined }],
    ["status", { status: "done" }],
    ["status", { status: 1 }],
  ])("with a %s that is none has a fault of its own", (place, convention) => {
    const fault = findTerminalShapeFault(terminal(convention));

    expect(fault).toMatchObject({ reason: "peer_terminal_invalid" });
    expect(fault?.detail).toMatch(`a terminal response is malformed at convention.${place}: `);
  });

  it("with a member too many has it at the convention", () => {
    expect(findTerminalShapeFault(terminal({ phase: "accepted" }))?.detail).toMatch("malformed at convention: ");
  });

  it.each([
    null,
    "peer",
    {},
    { kind: "peer" },
    { kind: "peer", convention: null },
    { kind: "peer", convention: { type: "request" } },
    { kind: "prompt", convention: { type: "response_terminal" } },
    terminal({}),
  ])("is the only one to have it, and only when it is malformed: %j", (value) => {
    expect(findTerminalShapeFault(value)).toBeNull();
  });
});
