import { type AppError, type ErrorCode, INPUT_VARIANTS, isAppError } from "@holdfast/contracts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type InputIssue, parseNewInput } from "../../src/input/parse-input.ts";
import { parseJson } from "../../src/input/parse-json.ts";
import { sampleInput, thrownBy } from "./sample-input.ts";

function refusal(value: unknown): AppError {
  const error = thrownBy(() => parseNewInput(value));
  if (!isAppError(error)) throw new Error("the value was not refused by a code", { cause: error });
  return error;
}

function issuesOf(error: AppError): readonly InputIssue[] {
  return error.details["issues"] as readonly InputIssue[];
}

it.each(INPUT_VARIANTS)("accepts the smallest %s and fills in its defaults", (kind) => {
  expect(sampleInput(kind)).toMatchObject({
    kind,
    source: { type: "operator" },
    durability: "durable",
    visibility: { isTranscriptEligible: true, isOperatorEligible: true },
  });
});

it("gives external events and continuations the queue mode", () => {
  expect(sampleInput("external_event").handlingMode).toBe("queue");
  expect(sampleInput("continuation").handlingMode).toBe("queue");
});

it("accepts its own answer again", () => {
  for (const kind of INPUT_VARIANTS) expect(parseNewInput(sampleInput(kind))).toEqual(sampleInput(kind));
});

it.each([null, undefined, 1, "text", true, [], [{ kind: "prompt", text: "x" }]])("refuses %j as no object", (value) => {
  const error = refusal(value);

  expect(error.code).toBe("input.invalid");
  expect(issuesOf(error)).toEqual([{ path: "", message: "is not an object" }]);
});

it.each([{}, { text: "x" }, { kind: "chat" }, { kind: 7 }, { kind: "toString" }, { kind: ["prompt"] }])(
  "refuses %j and names the kinds it knows",
  (value) => {
    expect(refusal(value)).toMatchObject({ code: "input.unknown_kind", details: { kinds: INPUT_VARIANTS } });
  },
);

describe("the shape", () => {
  const cases: readonly [name: string, value: object, path: string][] = [
    ["a prompt without text", { kind: "prompt" }, "/text"],
    ["an unknown field", { kind: "prompt", text: "x", txt: "y" }, ""],
    ["a field of another kind", { kind: "prompt", text: "x", body: "y" }, ""],
    ["an operation with a handling mode", { ...sampleInput("operation"), handlingMode: "steer" }, ""],
    ["an unknown handling mode", { kind: "peer", body: "x", handlingMode: "now" }, "/handlingMode"],
    [
      "a mode deep inside",
      { kind: "prompt", text: "x", turnMetadata: { handlingMode: "x" } },
      "/turnMetadata/handlingMode",
    ],
    ["a block of no type", { kind: "prompt", text: "x", blocks: [{ type: "film" }] }, "/blocks/0/type"],
    [
      "a request without an intent",
      { kind: "peer", body: "", convention: { type: "request", requestId: "r" } },
      "/convention/intent",
    ],
    ["an unknown durability", { kind: "prompt", text: "x", durability: "some" }, "/durability"],
    ["a time without a zone", { kind: "prompt", text: "x", notBefore: "2025-01-01T00:00:00" }, "/notBefore"],
    ["an empty supersession key", { kind: "prompt", text: "x", supersessionKey: "" }, "/supersessionKey"],
    ["an id of another thing", { kind: "prompt", text: "x", id: "run_12345678" }, "/id"],
    ["a function in a payload", { kind: "external_event", eventType: "e", payload: { fn: () => 1 } }, "/payload/fn"],
  ];

  it.each(cases)("refuses %s and says where", (_name, value, path) => {
    const error = refusal(value);

    expect(error.code).toBe("input.invalid");
    expect(issuesOf(error).map((issue) => issue.path)).toContain(path);
  });

  it("reports at most 20 issues", () => {
    const blocks = Array.from({ length: 500 }, () => ({ type: "film" }));

    expect(issuesOf(refusal({ kind: "prompt", text: "x", blocks }))).toHaveLength(20);
  });
});

describe("the guard", () => {
  const cases: readonly [name: string, value: unknown, code: ErrorCode][] = [
    ["an array nested beyond the limit", { kind: "prompt", text: "x", metadata: deep(64) }, "request.too_deep"],
    [
      "a forbidden key",
      parseJson('{"kind":"prompt","text":"x","metadata":{"__proto__":{}}}', { depth: 9 }),
      "request.forbidden_key",
    ],
    [
      "a forbidden key beside the kind",
      parseJson('{"constructor":1,"kind":"prompt"}', { depth: 9 }),
      "request.forbidden_key",
    ],
    ["a lone surrogate in a text", { kind: "prompt", text: "\ud800" }, "input.invalid"],
    ["a lone surrogate in a key", { kind: "prompt", text: "x", metadata: { "\udfff": 1 } }, "input.invalid"],
    ["a number without end", { kind: "external_event", eventType: "e", payload: Number.NaN }, "input.invalid"],
  ];

  it.each(cases)("refuses %s", (_name, value, code) => {
    expect(refusal(value).code).toBe(code);
  });

  it("accepts nesting up to the limit, counted from the input itself", () => {
    expect(thrownBy(() => parseNewInput({ kind: "prompt", text: "x", metadata: deep(63) }))).toBeNull();
  });

  it("refuses more values than the largest input could hold", () => {
    const limits = { depth: 64, payloadBytes: 100 };
    const error = thrownBy(() =>
      parseNewInput({ kind: "external_event", eventType: "e", payload: Array.from({ length: 200 }, () => 1) }, limits),
    );

    expect(isAppError(error, "input.too_large")).toBe(true);
  });
});

describe("the idempotency key", () => {
  it.each(["", "a\u0000b", "a\u0085b", "\ud800", "e\u0301", "x".repeat(257), 7, null])(
    "is refused as %j",
    (idempotencyKey) => {
      const error = refusal({ kind: "prompt", text: "x", idempotencyKey });

      expect(error.code).toBe("id.invalid");
      expect(issuesOf(error)).toHaveLength(1);
      expect(issuesOf(error)[0]?.path).toBe("/idempotencyKey");
    },
  );

  it.each(["chat/42", "a:b", "{x}", "é", "日本", " ", "x".repeat(256)])("is accepted as %j", (idempotencyKey) => {
    expect(sampleInput("prompt", { idempotencyKey } as never).idempotencyKey).toBe(idempotencyKey);
  });

  it("is named before the other faults of an input", () => {
    expect(refusal({ kind: "prompt", idempotencyKey: "" }).code).toBe("id.invalid");
  });
});

it("answers any JSON with an input or with a registered code", () => {
  const anyInput = fc.tuple(fc.constantFrom(...INPUT_VARIANTS, "other"), fc.dictionary(fc.string(), fc.jsonValue()));
  fc.assert(
    fc.property(
      fc.oneof(
        fc.jsonValue(),
        anyInput.map(([kind, rest]) => ({ ...rest, kind })),
      ),
      (value) => {
        const error = thrownBy(() => parseNewInput(value));
        expect(error === null || isAppError(error)).toBe(true);
      },
    ),
  );
});

function deep(levels: number): object {
  let value: object = {};
  for (let level = 1; level < levels; level += 1) value = { inner: value };
  return value;
}

describe("what a refusal says", () => {
  const limits = { payloadBytes: 40, depth: 3 };
  const refused = (value: unknown) => thrownBy(() => parseNewInput(value, limits));

  it.each<[string, unknown, string, object]>([
    [
      "where the nesting is too deep, and the limit",
      { a: { b: { c: {} } } },
      "request.too_deep",
      { path: "/a/b/c", limit: 3 },
    ],
    ["the limit of bytes", Array.from({ length: 50 }, () => 1), "input.too_large", { limit: 40 }],
    ["where a key is forbidden", { a: { constructor: 1 } }, "request.forbidden_key", { path: "/a/constructor" }],
    [
      "which text has no bytes",
      { a: "\ud800" },
      "input.invalid",
      { issues: [{ path: "/a", message: "contains a lone surrogate" }] },
    ],
    [
      "which number is none",
      { a: Number.NaN },
      "input.invalid",
      { issues: [{ path: "/a", message: "is not a finite number" }] },
    ],
    ["what has no JSON", { a: () => 1 }, "input.invalid", { issues: [{ path: "/a", message: "has no JSON" }] }],
  ])("names %s", (_what, value, code, details) => {
    expect(refused(value)).toMatchObject({ code, details });
  });
});
