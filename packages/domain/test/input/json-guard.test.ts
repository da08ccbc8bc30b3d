import { DEFAULT_INPUT_LIMITS } from "@holdfast/contracts";
import fc from "fast-check";
import { expect, it } from "vitest";
import { canonicalJson } from "../../src/input/fingerprint.ts";
import { FORBIDDEN_KEYS, findJsonFault, jsonPointer } from "../../src/input/json-guard.ts";

const limits = { depth: 4, payloadBytes: 1_000 };

function nested(levels: number): unknown {
  let value: unknown = "core";
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { inner: value };
  return value;
}

it("allows nesting up to the limit and names the first container beyond it", () => {
  expect(findJsonFault(nested(4), limits)).toBeNull();
  expect(findJsonFault(nested(5), limits)).toEqual({ kind: "too_deep", path: "/0/inner/0/inner" });
});

it("looks at 200,000 levels without recursion (V1)", () => {
  expect(findJsonFault(nested(200_000), { depth: 300_000, payloadBytes: 1_000_000 })).toBeNull();
});

it("ends on a cyclic value (V1)", () => {
  const cyclic: Record<string, unknown> = {};
  cyclic["left"] = cyclic;
  cyclic["right"] = cyclic;

  expect(findJsonFault(cyclic, limits)?.kind).toBe("too_deep");
});

it("ends on shared values that would unfold endlessly (V1)", () => {
  let shared: unknown = "leaf";
  for (let level = 0; level < 60; level += 1) shared = [shared, shared];

  expect(findJsonFault(shared, { depth: 64, payloadBytes: 10_000 })?.kind).toBe("too_large");
});

it("counts members exactly, over all containers", () => {
  expect(findJsonFault([[1, 2], { a: 3 }], { depth: 4, payloadBytes: 5 })).toBeNull();
  expect(findJsonFault([[1, 2], { a: 3 }], { depth: 4, payloadBytes: 4 })).toEqual({ kind: "too_large", path: "/1/a" });
});

it("ends on a sparse array of the greatest length (V1)", () => {
  expect(findJsonFault(Object.assign([], { length: 2 ** 32 - 1 }), limits)?.kind).toBe("too_large");
});

it.each([
  ["a big integer", 1n],
  ["a function", () => 1],
  ["a symbol", Symbol("s")],
  ["a promise", Promise.resolve(1)],
  ["a map", new Map([["a", 1]])],
  ["a set", new Set([1])],
  ["an error", new Error("lost")],
  ["a pattern", /x/],
  ["bytes", new Uint8Array([1])],
  ["a boxed text", new String("x")],
])("refuses %s, which has no JSON, at any depth (V2)", (_what, value) => {
  expect(findJsonFault(value, limits)).toEqual({ kind: "not_json", path: "" });
  expect(findJsonFault({ list: [{ value }] }, limits)).toEqual({ kind: "not_json", path: "/list/0/value" });
});

it("passes what has a JSON of its own, and objects of any class (V2)", () => {
  class Point {
    readonly x = 1;
  }

  expect(findJsonFault([new Date(0), new Point(), Object.create(null), Buffer.from("x").toJSON()], limits)).toBeNull();
});

it("passes a member that is undefined: its canonical bytes are those without it (V2)", () => {
  const value = { kept: 1, left: undefined };

  expect(findJsonFault(value, limits)).toBeNull();
  expect(canonicalJson(value)).toBe(canonicalJson({ kept: 1 }));
});

it.each(FORBIDDEN_KEYS)("refuses the own key %s at any depth (V3)", (key) => {
  const sent: unknown = JSON.parse(`{"a":[{"${key}":1}]}`);

  expect(findJsonFault(sent, limits)).toEqual({ kind: "forbidden_key", path: `/a/0/${key}` });
});

it("does not mistake an inherited or a similar key for a forbidden one", () => {
  expect(findJsonFault({ Constructor: 1, prototypes: 2, proto: "__proto__" }, limits)).toBeNull();
});

it.each([
  ["a lone high surrogate", { text: "a\ud800" }, "/text"],
  ["a lone low surrogate", { list: ["ok", "\udc00b"] }, "/list/1"],
  ["a lone surrogate in a key", { "k\ud800": 1 }, "/k\ufffd"],
])("finds %s (V2)", (_name, value, path) => {
  expect(findJsonFault(value, limits)).toEqual({ kind: "lone_surrogate", path });
});

it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])("finds the number %s (V2)", (number) => {
  expect(findJsonFault({ n: [number] }, limits)).toEqual({ kind: "not_finite", path: "/n/0" });
});

it("reports the first fault in document order", () => {
  const value = { first: { second: "\ud800" }, third: Number.NaN };

  expect(findJsonFault(value, limits)).toEqual({ kind: "lone_surrogate", path: "/first/second" });
});

it("finds a fault exactly when a value with lone surrogates or odd numbers has no canonical bytes (V2)", () => {
  const text = fc.oneof(fc.string(), fc.constantFrom("\ud800", "a\udfff", "😀"));
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      text,
      fc.double(),
      fc.array(tie("tree"), { maxLength: 4 }),
      fc.dictionary(text, tie("tree"), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(tree, (value) => {
      const hasBytes = hasCanonicalBytes(value);
      const fault = findJsonFault(value, DEFAULT_INPUT_LIMITS);
      if (fault?.kind === "forbidden_key") return;
      expect(fault === null).toBe(hasBytes);
    }),
  );
});

it("escapes pointers and keeps them short and well-formed", () => {
  expect(jsonPointer(["a/b", "c~d", 3])).toBe("/a~1b/c~0d/3");
  expect(jsonPointer(["x".repeat(10_000)])).toHaveLength(256);
  expect(jsonPointer([`${"x".repeat(254)}😀`]).isWellFormed()).toBe(true);
});

function hasCanonicalBytes(value: unknown): boolean {
  try {
    canonicalJson(value);
    return true;
  } catch {
    return false; // The property compares exactly this.
  }
}
