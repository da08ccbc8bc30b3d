import { type ContentBlock, type Origin, type ParsedInput, RunPrimitive } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { executionKindOf, renderPrimitive } from "../../src/run/render-primitive.ts";
import { admitted, inputId, sampleInput } from "../input/sample-input.ts";

const image: ContentBlock = { type: "image_ref", mediaType: "image/png", blob: "sha256" };
const text = (content: string): ContentBlock => ({ type: "text", text: content });
const fromPeer = { source: { type: "peer", peerId: "anna" } as Origin };
const message = { convention: { type: "message" } } as const;
const request = { convention: { type: "request", requestId: "r", intent: "ask" } } as const;
const fromSource = (sourceName: string) => ({ source: { type: "external", sourceName } as Origin });

function render(...inputs: readonly ParsedInput[]) {
  return renderPrimitive({ boundary: "run_start", inputs: admitted(...inputs) });
}

function primitiveOf(...inputs: readonly ParsedInput[]) {
  const outcome = render(...inputs);
  if (outcome.kind !== "rendered") throw new Error(`conflict about ${outcome.field}`);
  return outcome.primitive;
}

describe("what an input appends", () => {
  const cases: readonly [string, ParsedInput, readonly ContentBlock[]][] = [
    ["the text of a prompt", sampleInput("prompt", { text: "hi" }), [text("hi")]],
    ["the blocks of a prompt instead of its text", sampleInput("prompt", { text: "hi", blocks: [image] }), [image]],
    ["the text of a prompt whose block list is empty", sampleInput("prompt", { text: "hi", blocks: [] }), [text("hi")]],
    ["the body of a peer", sampleInput("peer", { body: "hi", ...message, ...fromPeer }), [text("hi")]],
    [
      "the sender and the blocks of a peer message, without its body",
      sampleInput("peer", { body: "hi", blocks: [image], ...message, ...fromPeer }),
      [text("[comms message from anna]"), image],
    ],
    [
      "the body and the blocks of a message that came from no peer",
      sampleInput("peer", { body: "hi", blocks: [image], ...message }),
      [text("hi"), image],
    ],
    [
      "the body and the blocks of a peer request",
      sampleInput("peer", { body: "hi", blocks: [image], ...request, ...fromPeer }),
      [text("hi"), image],
    ],
    [
      "the body and the blocks of a peer without convention",
      sampleInput("peer", { body: "hi", blocks: [image], ...fromPeer }),
      [text("hi"), image],
    ],
    ["only the blocks when the body is empty", sampleInput("peer", { body: "", blocks: [image], ...request }), [image]],
    [
      "a body once when the first block repeats it",
      sampleInput("peer", { body: "hi", blocks: [text("hi"), image], ...request }),
      [text("hi"), image],
    ],
    [
      "a body that differs from the first block",
      sampleInput("peer", { body: "hi", blocks: [text("ho")], ...request }),
      [text("hi"), text("ho")],
    ],
    [
      "the type of an external event that carries nothing",
      sampleInput("external_event", { eventType: "alarm", payload: null }),
      [text("External event from alarm")],
    ],
    ["the instructions of a flow step", sampleInput("flow_step", { instructions: "go" }), [text("go")]],
    ["the blocks of a flow step", sampleInput("flow_step", { blocks: [image] }), [image]],
    [
      "the blocks of an external event",
      sampleInput("external_event", { blocks: [image], payload: { body: "x" } }),
      [image],
    ],
    [
      "the source and the trimmed body of an external event",
      sampleInput("external_event", { payload: { body: "  rain \n" }, ...fromSource("weather") }),
      [text("External event from weather: rain")],
    ],
    [
      "the source of an external event without body",
      sampleInput("external_event", { payload: { other: 1 }, ...fromSource("weather") }),
      [text("External event from weather")],
    ],
    [
      "the type of an external event whose source is blank",
      sampleInput("external_event", { eventType: "alarm", payload: { body: " " }, ...fromSource("  ") }),
      [text("External event from alarm")],
    ],
    [
      "the type of an external event of another origin",
      sampleInput("external_event", { eventType: "alarm", payload: [{ body: "x" }], ...fromPeer }),
      [text("External event from alarm")],
    ],
    [
      "no body of an external event that is not a text",
      sampleInput("external_event", { eventType: "alarm", payload: { body: { text: "x" } } }),
      [text("External event from alarm")],
    ],
  ];

  it.each(cases)("is %s", (_name, input, blocks) => {
    expect(primitiveOf(input).appends).toEqual([{ inputId: inputId(1), role: "user", blocks }]);
  });

  it("is nothing for a continuation or an operation, which contribute all the same (G4)", () => {
    const primitive = primitiveOf(sampleInput("continuation"), sampleInput("operation"));

    expect(primitive).toMatchObject({ appends: [], contributingInputIds: [inputId(1), inputId(2)] });
  });
});

it("keeps the order of the batch and its boundary (G4)", () => {
  const inputs = admitted(
    sampleInput("peer", { body: "a" }),
    sampleInput("continuation"),
    sampleInput("peer", { body: "b" }),
  );
  const outcome = renderPrimitive({ boundary: "run_checkpoint", inputs: inputs.toReversed() });

  expect(outcome).toMatchObject({
    primitive: {
      boundary: "run_checkpoint",
      appends: [{ inputId: inputId(3) }, { inputId: inputId(1) }],
      contextAppends: [],
      contributingInputIds: [inputId(3), inputId(2), inputId(1)],
    },
  });
});

it("renders what the contract of executors allows", () => {
  const primitive = primitiveOf(sampleInput("prompt", { turnMetadata: { model: "m" } }), sampleInput("continuation"));

  expect(RunPrimitive.parse(primitive)).toEqual(primitive);
});

it("says what its whole batch is caused by", () => {
  const inputs = [
    sampleInput("peer", { correlationId: "c", objectiveId: "tidy" }),
    sampleInput("peer", { correlationId: "c", objectiveId: "cook" }),
  ];

  expect(primitiveOf(...inputs).causality).toEqual({ correlationId: "c" });
});

describe("the execution kind", () => {
  const kinds = (...list: ParsedInput["kind"][]) => executionKindOf(list.map((kind) => ({ kind })));

  it("resumes pending work when all are continuations", () => {
    expect(kinds("continuation", "continuation")).toBe("resume_pending");
  });

  it("is a content turn as soon as one is not", () => {
    expect(kinds("continuation", "peer")).toBe("content_turn");
    expect(kinds("operation")).toBe("content_turn");
    expect(kinds()).toBe("content_turn");
  });
});

describe("the turn metadata of a batch", () => {
  const step = (turnMetadata: object) => sampleInput("flow_step", { turnMetadata });

  it("has the fields that some input sets", () => {
    const inputs = [step({ model: "m" }), sampleInput("peer"), step({ keepAlive: false, providerParams: null })];

    expect(primitiveOf(...inputs).turnMetadata).toEqual({ model: "m", keepAlive: false, providerParams: null });
  });

  it("concatenates lists in order and keeps repetitions", () => {
    const inputs = [
      step({ skillReferences: ["b"], additionalInstructions: ["1"] }),
      step({ skillReferences: ["a", "b"] }),
      step({ additionalInstructions: ["2"] }),
    ];

    expect(primitiveOf(...inputs).turnMetadata).toEqual({
      skillReferences: ["b", "a", "b"],
      additionalInstructions: ["1", "2"],
    });
  });

  it("takes equal values for agreement, whatever the order of their members", () => {
    const inputs = [step({ providerParams: { a: 1, b: [2] } }), step({ providerParams: { b: [2], a: 1 } })];

    expect(primitiveOf(...inputs).turnMetadata).toEqual({ providerParams: { a: 1, b: [2] } });
  });

  it.each([
    ["keepAlive", { keepAlive: true }, { keepAlive: false }],
    ["model", { model: "a" }, { model: "b" }],
    ["provider", { provider: "a" }, { provider: "b" }],
    ["providerParams", { providerParams: [1] }, { providerParams: [2] }],
    ["providerParams", { providerParams: null }, { providerParams: 0 }],
    ["flowToolOverlay", { flowToolOverlay: {} }, { flowToolOverlay: { a: 1 } }],
    ["renderMetadata", { renderMetadata: {} }, { renderMetadata: { a: 1 } }],
    ["handlingMode", { handlingMode: "queue" }, { handlingMode: "steer" }],
    ["executionKind", { executionKind: "content_turn" }, { executionKind: "resume_pending" }],
  ])("refuses two values of %s", (field, one, two) => {
    expect(render(step(one), sampleInput("peer"), step(two))).toEqual({ kind: "conflict", field });
  });

  it("has the lane that peers, events and continuations asked for", () => {
    const inputs = [sampleInput("peer"), sampleInput("external_event"), sampleInput("continuation")];

    expect(primitiveOf(...inputs).turnMetadata).toEqual({ handlingMode: "queue" });
  });

  it("has the render metadata of an external event", () => {
    const input = sampleInput("external_event", { renderMetadata: { colour: "red" } });

    expect(primitiveOf(input).turnMetadata).toEqual({ handlingMode: "queue", renderMetadata: { colour: "red" } });
  });
});
