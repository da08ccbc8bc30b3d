import { describe, expect, it } from "vitest";
import { parseNewInput } from "../../src/input/parse-input.ts";
import { sampleInput } from "./sample-input.ts";

const blocks = [{ type: "text", text: "rain" }];
const event = { kind: "external_event", eventType: "weather" };

describe("a variant by its former name", () => {
  it.each([
    ["system_generated", { reason: "more to do" }, sampleInput("continuation")],
    ["projected", { operationId: "op", event: { type: "completed" } }, sampleInput("operation")],
  ])("%s is read under its present one", (kind, fields, input) => {
    expect(parseNewInput({ kind, ...fields })).toEqual(input);
  });

  it("that is inherited is none", () => {
    const value = Object.assign(Object.create({ kind: "projected" }), { operationId: "op" });

    expect(() => parseNewInput(value)).toThrow(expect.objectContaining({ code: "input.unknown_kind" }));
  });
});

describe("blocks in the payload of an external event", () => {
  it("move to the field of blocks and leave the rest behind", () => {
    const input = parseNewInput({ ...event, payload: { body: "x", blocks } });

    expect(input).toMatchObject({ payload: { body: "x" }, blocks });
    expect(input).toEqual(sampleInput("external_event", { ...event, payload: { body: "x" }, blocks } as object));
  });

  it("stay when the field of blocks has its own", () => {
    const own = [{ type: "text", text: "own" }];

    expect(parseNewInput({ ...event, blocks: own, payload: { blocks } })).toMatchObject({
      blocks: own,
      payload: { blocks },
    });
  });

  it.each([[5], [[]], [[{ type: "rich_text" }]], [[...blocks, { type: "rich_text" }]], [null]])(
    "stay when they are none: %j",
    (own) => {
      const input = parseNewInput({ ...event, payload: { blocks: own } });

      expect(input).toMatchObject({ payload: { blocks: own } });
      expect(input).not.toHaveProperty("blocks");
    },
  );

  it("stay in the payload of any other variant's kind, which has none", () => {
    expect(() => parseNewInput({ kind: "prompt", text: "x", payload: { blocks } })).toThrow(
      expect.objectContaining({ code: "input.invalid" }),
    );
  });

  it.each([[null], ["blocks"], [[blocks]]])("are not looked for in a payload of %j", (payload) => {
    expect(parseNewInput({ ...event, payload })).toMatchObject({ payload });
  });
});
