import { describe, expect, it } from "vitest";
import { type ParsedLine, parseLine } from "../../src/replay/parse-line.ts";

const at = "2018-12-19T22:46:28+01:00";
const prompt = { session: "bullmq/.gitignore", key: "43e5", at, kind: "prompt", text: "Initial commit" };

function parse(value: unknown): ParsedLine {
  return parseLine({ kind: "line", number: 7, text: typeof value === "string" ? value : JSON.stringify(value) });
}

function inputOf(value: unknown): unknown {
  const parsed = parse(value);
  return parsed.kind === "input" ? parsed.input : parsed;
}

describe("a line", () => {
  it("becomes a prompt with key, time and text", () => {
    expect(parse(prompt)).toEqual({
      kind: "input",
      line: 7,
      sessionId: "bullmq/.gitignore",
      key: "43e5",
      input: { kind: "prompt", idempotencyKey: "43e5", timestamp: at, text: "Initial commit" },
    });
  });

  it("needs no kind and no time", () => {
    expect(inputOf({ session: "s", key: "k", text: "t" })).toEqual({ kind: "prompt", idempotencyKey: "k", text: "t" });
  });

  it("keeps fields nobody knows as metadata", () => {
    expect(inputOf({ ...prompt, author: "Ada", id: 4, metadata: { team: "red" } })).toMatchObject({
      metadata: { author: "Ada", id: 4, team: "red" },
    });
  });

  it.each([
    ["peer", {}, { kind: "peer", body: "t" }],
    ["peer_message", {}, { kind: "peer", body: "t", convention: { type: "message" } }],
    [
      "peer_request",
      { requestId: "r", intent: "ask" },
      { kind: "peer", body: "t", convention: { type: "request", requestId: "r", intent: "ask" } },
    ],
    ["flow_step", { stepId: "one" }, { kind: "flow_step", stepId: "one", instructions: "t" }],
    ["external_event", { eventType: "push" }, { kind: "external_event", eventType: "push", payload: "t" }],
    [
      "external_event",
      { eventType: "push", payload: { ref: "main" } },
      { kind: "external_event", eventType: "push", payload: { ref: "main" } },
    ],
    ["continuation", {}, { kind: "continuation", reason: "t" }],
  ])("of kind %s with %j becomes its variant", (kind, fields, expected) => {
    expect(inputOf({ session: "s", key: "k", kind, text: "t", ...fields })).toEqual({
      idempotencyKey: "k",
      ...expected,
    });
  });

  it("of an operation keeps a text it has no place for as metadata", () => {
    const line = {
      session: "s",
      key: "k",
      kind: "operation",
      operationId: "o",
      event: { type: "progress" },
      text: "t",
    };

    expect(inputOf(line)).toMatchObject({ kind: "operation", operationId: "o", metadata: { text: "t" } });
  });

  it.each([
    ["{", "is not JSON"],
    ["[]", "is not a JSON object"],
    ["null", "is not a JSON object"],
    [{ ...prompt, session: undefined }, "session: is missing"],
    [{ ...prompt, session: "" }, "session: is empty"],
    [{ ...prompt, session: "a\u0000b" }, "session: contains a control character"],
    [{ ...prompt, key: 4 }, "key: is not a string"],
    [{ ...prompt, key: "x".repeat(257) }, "key: is longer than 256 bytes"],
    [{ ...prompt, kind: 3 }, "kind: is not a string"],
    [{ ...prompt, at: 5 }, "at: is not a string"],
  ])("%j is bad: %s", (value, reason) => {
    expect(parse(value)).toEqual({ kind: "bad", line: 7, reason });
  });

  it.each([
    [{ ...prompt, text: undefined }, /^text: /],
    [{ ...prompt, at: "yesterday" }, /^at: /],
    [{ ...prompt, kind: "commit" }, /^kind: is none of prompt/],
    [{ ...prompt, kind: "constructor" }, /^kind: is none of/],
    [{ session: "s", key: "k", kind: "flow_step", text: "t" }, /^stepId: /],
    [{ session: "s", key: "k", kind: "peer_request", text: "t" }, /^convention.requestId: /],
    [{ ...prompt, metadata: 4 }, /^metadata: /],
  ])("%j is bad, and the reason names the place", (value, reason) => {
    expect(parse(value)).toMatchObject({ kind: "bad", line: 7, reason: expect.stringMatching(reason) });
  });

  it("that could not be read stays bad", () => {
    expect(parseLine({ kind: "bad", number: 3, reason: "is not UTF-8" })).toEqual({
      kind: "bad",
      line: 3,
      reason: "is not UTF-8",
    });
  });
});
