import { describe, expect, it } from "vitest";
import {
  type Durability,
  type HandlingMode,
  INPUT_VARIANTS,
  type InputVariant,
  KindId,
  NewInput,
  Origin,
  PeerConvention,
} from "../src/index.ts";

const smallest: Readonly<Record<InputVariant, NewInput>> = {
  prompt: { kind: "prompt", text: "" },
  peer: { kind: "peer", body: "" },
  flow_step: { kind: "flow_step", stepId: "s", instructions: "" },
  external_event: { kind: "external_event", eventType: "e", payload: null },
  continuation: { kind: "continuation", reason: "r" },
  operation: { kind: "operation", operationId: "o", event: { type: "completed" } },
};

const isValid = (value: unknown) => NewInput.safeParse(value).success;

it("lists the variants of the schema", () => {
  expect(NewInput.options.map((option) => option.shape.kind.value)).toEqual([...INPUT_VARIANTS]);
});

it("has a kind for every variant and, for peers, for every convention", () => {
  const ofPeers = PeerConvention.options.map((option) => `peer_${option.shape.type.value}`);

  expect(new Set(KindId.options)).toEqual(
    new Set([...INPUT_VARIANTS.filter((variant) => variant !== "peer"), ...ofPeers]),
  );
});

describe.each(INPUT_VARIANTS)("the variant %s", (kind) => {
  const input = smallest[kind];

  it("is valid without optional fields and gets the documented defaults", () => {
    expect(NewInput.parse(input)).toMatchObject({
      source: { type: "operator" },
      durability: "durable" satisfies Durability,
      visibility: { isTranscriptEligible: true, isOperatorEligible: true },
    });
  });

  it("refuses a field it does not know", () => {
    expect(isValid({ ...input, surprise: 1 })).toBe(false);
  });

  it.each([
    { supersessionKey: "" },
    { supersessionKey: "k".repeat(129) },
    { correlationId: "" },
    { traceparent: "t".repeat(129) },
    { notBefore: "tomorrow" },
    { timestamp: 1_700_000_000_000 },
    { durability: "forever" },
    { source: { type: "nobody" } },
    { visibility: { isSecret: true } },
    { metadata: [] },
    { metadata: { when: new Date(0) } },
    { id: "inp_short" },
    { idempotencyKey: "a\u0000" },
  ])("refuses the header %o", (header) => {
    expect(isValid({ ...input, ...header })).toBe(false);
  });

  it("accepts a complete header", () => {
    const header = {
      id: "inp_12345678",
      idempotencyKey: "order/7:{x}",
      supersessionKey: "k".repeat(128),
      correlationId: "c",
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      metadata: { tags: ["a"], nested: { n: null } },
      notBefore: "2030-01-01T00:00:00+02:00",
      timestamp: "2025-01-01T00:00:00Z",
      source: { type: "system" },
      durability: "ephemeral",
      visibility: { isOperatorEligible: false },
    };

    expect(NewInput.parse({ ...input, ...header })).toMatchObject(header);
  });
});

it.each<[InputVariant, HandlingMode | undefined]>([
  ["external_event", "queue"],
  ["continuation", "queue"],
  ["peer", undefined],
])("gives %s the mode %s when it asks for none", (kind, mode) => {
  expect(NewInput.parse(smallest[kind])).toEqual(
    expect.objectContaining(mode === undefined ? { kind } : { handlingMode: mode }),
  );
});

it.each([
  { type: "peer", peerId: "" },
  { type: "peer" },
  { type: "flow", flowId: "f", stepIndex: -1 },
  { type: "flow", flowId: "f", stepIndex: 0.5 },
  { type: "external" },
  { type: "operator", name: "x" },
])("refuses the origin %o", (origin) => {
  expect(Origin.safeParse(origin).success).toBe(false);
});

it.each([
  { type: "request", requestId: "", intent: "i" },
  { type: "request", requestId: "r" },
  { type: "response_progress", requestId: "r", phase: "done" },
  { type: "response_terminal", requestId: "r", status: "lost" },
  { type: "shout" },
])("refuses the convention %o", (convention) => {
  expect(PeerConvention.safeParse(convention).success).toBe(false);
});

it.each([
  [{ type: "text" }],
  [{ type: "text", text: "x", bold: true }],
  [{ type: "image", mediaType: "image/png", data: "no base64!" }],
  [{ type: "image_ref", mediaType: "image/png" }],
])("refuses the block %o", (block) => {
  expect(isValid({ kind: "prompt", text: "", blocks: [block] })).toBe(false);
});

it("refuses more than a thousand blocks", () => {
  const blocks = (count: number) => Array.from({ length: count }, () => ({ type: "text", text: "" }));

  expect(isValid({ kind: "prompt", text: "", blocks: blocks(1_000) })).toBe(true);
  expect(isValid({ kind: "prompt", text: "", blocks: blocks(1_001) })).toBe(false);
});
