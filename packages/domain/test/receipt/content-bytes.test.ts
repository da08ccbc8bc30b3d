import fc from "fast-check";
import { expect, it } from "vitest";
import { canonicalJson } from "../../src/input/fingerprint.ts";
import { type BoundaryContent, contentBytes, contentBytesOf } from "../../src/receipt/digest.ts";

const anyJson = fc.jsonValue({ maxDepth: 3 });
const anyContent = fc.record(
  { state: anyJson, output: anyJson, conversationDigest: fc.string({ unit: "grapheme" }), messageCount: fc.nat() },
  { requiredKeys: ["messageCount"] },
) as fc.Arbitrary<BoundaryContent>;

function jsonOf(value: unknown): string | null {
  return value === undefined ? null : canonicalJson(value);
}

it("hashes the same bytes of canonical texts as of the values they stand for (I1)", () => {
  fc.assert(
    fc.property(anyContent, (content) => {
      const { state, output, conversationDigest = null, messageCount } = content;
      const texts = { state: jsonOf(state), output: jsonOf(output), conversationDigest, messageCount };

      expect(contentBytesOf(texts)).toBe(contentBytes(content));
    }),
    { numRuns: 1_000 },
  );
});

it("tells an absent member from a null one (I1)", () => {
  const absent = { state: null, output: null, conversationDigest: null, messageCount: 0 };

  expect(contentBytesOf({ ...absent, state: "null" })).not.toBe(contentBytesOf(absent));
  expect(contentBytesOf({ ...absent, output: "null" })).not.toBe(contentBytesOf({ ...absent, state: "null" }));
});
