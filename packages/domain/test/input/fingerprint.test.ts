import { isAppError } from "@holdfast/contracts";
import canonicalize from "canonicalize";
import fc from "fast-check";
import { expect, it } from "vitest";
import { canonicalJson, fingerprintBytes } from "../../src/input/fingerprint.ts";
import { parseNewInput } from "../../src/input/parse-input.ts";
import { inputId, sampleInput, thrownBy } from "./sample-input.ts";

const leaf = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
);

const bytes = fingerprintBytes(sampleInput("prompt"));

it.each([
  { id: inputId(1) },
  { timestamp: "2025-01-01T00:00:00Z" },
  { traceparent: "00-1-2-01" },
  { correlationId: "c" },
  { causationId: "run_1" },
])("does not cover %j", (fields) => {
  expect(fingerprintBytes(sampleInput("prompt", fields))).toBe(bytes);
});

it.each([
  { text: "other" },
  { supersessionKey: "k" },
  { metadata: { a: 1 } },
  { durability: "ephemeral" as const },
  { notBefore: "2030-01-01T00:00:00Z" },
  { source: { type: "system" as const } },
  { turnMetadata: { model: "m" } },
  { visibility: { isTranscriptEligible: false } },
])("covers %j", (fields) => {
  expect(fingerprintBytes(sampleInput("prompt", fields))).not.toBe(bytes);
});

it("covers the kind", () => {
  const asPeer = sampleInput("peer", { body: "x" });
  const asContinuation = sampleInput("continuation", { reason: "x" });

  expect(fingerprintBytes(asPeer)).not.toBe(fingerprintBytes(asContinuation));
});

it("covers a field of a payload that is named like one it leaves out", () => {
  const one = sampleInput("external_event", { payload: { id: 1, timestamp: 1 } });
  const two = sampleInput("external_event", { payload: { id: 2, timestamp: 1 } });

  expect(fingerprintBytes(one)).not.toBe(fingerprintBytes(two));
});

it("takes a default left out and a default written out for the same", () => {
  const explicit = sampleInput("prompt", { durability: "durable", source: { type: "operator" }, visibility: {} });

  expect(fingerprintBytes(explicit)).toBe(bytes);
});

it("does not depend on the order of members", () => {
  const one = parseNewInput({ kind: "prompt", text: "x", metadata: { a: 1, b: { c: 2, d: 3 } } });
  const two = parseNewInput({ metadata: { b: { d: 3, c: 2 }, a: 1 }, text: "x", kind: "prompt" });

  expect(fingerprintBytes(one)).toBe(fingerprintBytes(two));
});

it("writes the numbers and the order of RFC 8785", () => {
  const value = {
    "\u20ac": "Euro",
    "\r": "CR",
    "1": "one",
    "\ud83d\ude00": "smile",
    numbers: [1e21, 1e30, 4.5, 2e-3, 1e-27, -0],
  };

  expect(canonicalJson(value)).toBe(
    '{"\\r":"CR","1":"one","numbers":[1e+21,1e+30,4.5,0.002,1e-27,0],"€":"Euro","😀":"smile"}',
  );
});

it("keeps the value and has one text for it", () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      const text = canonicalJson(value);
      const read: unknown = JSON.parse(text);

      expect(read).toEqual(JSON.parse(JSON.stringify(value)));
      expect(canonicalJson(read)).toBe(text);
    }),
  );
});

it("leaves out what is undefined and keeps what is null", () => {
  expect(canonicalJson({ a: undefined, b: null })).toBe('{"b":null}');
});

it.each([
  ["nothing", undefined],
  ["NaN", [Number.NaN]],
  ["a lone surrogate", "\ud800"],
])("refuses %s as a defect of ours", (_name, value) => {
  expect(
    isAppError(
      thrownBy(() => canonicalJson(value)),
      "internal.bug",
    ),
  ).toBe(true);
});

it("writes what the library of RFC 8785 writes, whatever the value", () => {
  const name = fc.oneof(fc.string({ unit: "grapheme" }), fc.constantFrom("a", "B", "10", "2", "_", "toJSON", "é"));
  const value = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 9, withCrossShrink: true },
      leaf,
      fc.array(tie("tree")),
      fc.dictionary(name, tie("tree")),
    ),
  })).tree;

  fc.assert(
    fc.property(value, (tree) => {
      expect(canonicalJson(tree)).toBe(canonicalize(tree));
    }),
  );
});

it.each([
  ["a lone surrogate in a name", { "a\ud800": 1 }],
  ["a name that is one", { "\ud800": 1 }],
  ["a lone surrogate", { a: ["\ud800"] }],
  ["a number that is none", { a: { b: Number.NaN } }],
])("has no text for %s", (_what, value) => {
  expect(
    isAppError(
      thrownBy(() => canonicalJson(value)),
      "internal.bug",
    ),
  ).toBe(true);
});
