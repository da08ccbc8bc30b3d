import { type Input, MAX_MERGED, type NewInput } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { lineageOf, mergeInputs } from "../../src/input/merge-inputs.ts";
import { admitted, inputId, sampleInput } from "./sample-input.ts";

const AGGREGATE = inputId(99);

function pair(kind: NewInput["kind"], older: object, newer: object): [Input, Input] {
  return admitted(sampleInput(kind, older), sampleInput(kind, newer)) as [Input, Input];
}

function merge([older, newer]: [Input, Input]): Input | null {
  return mergeInputs(older, newer, AGGREGATE);
}

describe("the aggregate of two inputs", () => {
  it("carries both texts in order and names its sources", () => {
    const inputs = pair("prompt", { text: "one", idempotencyKey: "a" }, { text: "two", idempotencyKey: "b" });

    expect(merge(inputs)).toMatchObject({
      id: AGGREGATE,
      text: "one\ntwo",
      lineage: { type: "merged", sources: [inputId(1), inputId(2)] },
    });
    expect(merge(inputs)).not.toHaveProperty("idempotencyKey");
  });

  it("leaves the inputs as they were", () => {
    const inputs = pair("prompt", { text: "one", blocks: [{ type: "text", text: "one" }] }, { text: "two" });
    const before = structuredClone(inputs);

    merge(inputs);

    expect(inputs).toEqual(before);
  });

  it("becomes blocks when one of them has some", () => {
    const blocks = [{ type: "image_ref", mediaType: "image/png", blob: "b" }];

    expect(merge(pair("prompt", { text: "one" }, { text: "", blocks }))).toMatchObject({
      blocks: [{ type: "text", text: "one" }, ...blocks],
    });
  });

  it.each([
    ["peer", { body: "one" }, { body: "two" }, { body: "one\ntwo" }],
    ["flow_step", { instructions: "one" }, { instructions: "two" }, { instructions: "one\ntwo" }],
    ["external_event", { payload: 1 }, { payload: { a: 2 } }, { payload: [1, { a: 2 }] }],
  ] as const)("is made of %s inputs", (kind, older, newer, expected) => {
    expect(merge(pair(kind, older, newer))).toMatchObject(expected);
  });

  it("goes on from an aggregate, and lists what was sent alone", () => {
    const [first, second, third] = admitted(
      sampleInput("external_event", { payload: 1 }),
      sampleInput("external_event", { payload: 2 }),
      sampleInput("external_event", { payload: 3 }),
    ) as [Input, Input, Input];
    const aggregate = mergeInputs(first, second, AGGREGATE) as Input;

    expect(mergeInputs(aggregate, third, inputId(100))).toMatchObject({
      payload: [1, 2, 3],
      lineage: { sources: [inputId(1), inputId(2), inputId(3)] },
    });
  });
});

describe("nothing is made of", () => {
  it.each<[string, NewInput["kind"], object, object]>([
    ["two origins", "prompt", {}, { source: { type: "system" } }],
    ["two models", "prompt", { turnMetadata: { model: "a" } }, { turnMetadata: { model: "b" } }],
    ["two expiries", "prompt", {}, { expiresAt: "2030-01-01T00:00:00Z" }],
    ["two kinds of event", "external_event", {}, { eventType: "other" }],
    ["continuations", "continuation", {}, {}],
  ])("%s", (_name, kind, older, newer) => {
    expect(merge(pair(kind, older, newer))).toBeNull();
  });

  it("more sources than an input may carry", () => {
    const [older, newer] = pair("prompt", {}, {});
    const full = { ...older, lineage: { type: "merged", sources: Array.from({ length: MAX_MERGED }, () => older.id) } };

    expect(mergeInputs(full as Input, newer, AGGREGATE)).toBeNull();
  });

  it("no sources at all", () => {
    expect(lineageOf([])).toBeNull();
  });
});
