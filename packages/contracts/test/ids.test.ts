import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ClaimId,
  DEFAULT_TENANT,
  findUserIdFault,
  IdempotencyKey,
  InputId,
  MAX_USER_ID_BYTES,
  NodeId,
  RequestId,
  RunId,
  SessionId,
  TenantId,
} from "../src/index.ts";

const userIds = { TenantId, SessionId, IdempotencyKey, RequestId };
const mintedIds = { inp: InputId, run: RunId, clm: ClaimId, nod: NodeId };

const legal = [
  "chat/42",
  "a:b",
  "{x}",
  "}{",
  "a b",
  " ",
  "..",
  "../../etc",
  "%2F",
  "*",
  "'\"`$\\",
  "héllo",
  "日本語",
  "שלום",
  "👩‍👩‍👧",
  "\u{10FFFF}",
  "\u00a0",
  "__proto__",
  DEFAULT_TENANT,
];

const faulty: readonly [name: string, text: string, fault: string][] = [
  ["empty", "", "is empty"],
  ["NUL", "a\u0000", "contains a control character"],
  ["a newline", "a\nb", "contains a control character"],
  ["a tab", "\t", "contains a control character"],
  ["escape", "\u001b[31m", "contains a control character"],
  ["DEL", "\u007f", "contains a control character"],
  ["a C1 control", "a\u0085", "contains a control character"],
  ["a lone high surrogate", "a\ud800", "contains a lone surrogate"],
  ["a lone low surrogate", "\udc00a", "contains a lone surrogate"],
  ["surrogates in the wrong order", "\udc00\ud800", "contains a lone surrogate"],
  ["NFD", "e\u0301", "is not in Unicode normal form NFC"],
  ["a compatibility singleton", "\u212b", "is not in Unicode normal form NFC"],
  ["257 bytes of ASCII", "x".repeat(257), "is longer than 256 bytes"],
  ["258 bytes of two-byte characters", "é".repeat(129), "is longer than 256 bytes"],
  ["260 bytes of four-byte characters", "😀".repeat(65), "is longer than 256 bytes"],
];

describe.each(Object.entries(userIds))("a %s", (_name, schema) => {
  it.each(legal)("may be %j", (text) => {
    expect(schema.parse(text)).toBe(text);
  });

  it.each(["x".repeat(256), "é".repeat(128), "😀".repeat(64)])("may be 256 bytes long", (text) => {
    expect(new TextEncoder().encode(text)).toHaveLength(MAX_USER_ID_BYTES);
    expect(schema.safeParse(text).success).toBe(true);
  });

  it.each(faulty)("may not be or contain %s, and says so", (_case, text, fault) => {
    expect(findUserIdFault(text)).toBe(fault);
    expect(schema.safeParse(text).error?.issues).toMatchObject([{ message: fault }]);
  });

  it.each([undefined, null, 42, {}, ["a"]])("may not be %j", (value) => {
    expect(schema.safeParse(value).success).toBe(false);
  });
});

it("has exactly one verdict per text: legal texts survive UTF-8 unchanged", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 90 }), (text) => {
      const bytes = new TextEncoder().encode(text);
      const isLegal =
        text !== "" &&
        new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes) === text &&
        text.normalize("NFC") === text &&
        bytes.length <= MAX_USER_ID_BYTES &&
        !Array.from(text).some(isControl);

      expect(findUserIdFault(text) === null).toBe(isLegal);
    }),
  );
});

describe.each(Object.entries(mintedIds))("an id %s_…", (prefix, schema) => {
  it.each(["a".repeat(8), "A9_-".repeat(16)])("has 8 to 64 characters behind its prefix: %s", (rest) => {
    expect(schema.parse(`${prefix}_${rest}`)).toBe(`${prefix}_${rest}`);
  });

  it.each([
    `${prefix}_${"a".repeat(7)}`,
    `${prefix}_${"a".repeat(65)}`,
    `${prefix}-${"a".repeat(8)}`,
    `${prefix.toUpperCase()}_${"a".repeat(8)}`,
    `xyz_${"a".repeat(8)}`,
    ` ${prefix}_${"a".repeat(8)}`,
    `${prefix}_${"a".repeat(8)}\n`,
    `${prefix}_aaaa.aaaa`,
    `${prefix}_aaaaéaaa`,
  ])("is not %j", (text) => {
    expect(schema.safeParse(text).success).toBe(false);
  });
});

function isControl(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x20 || (code >= 0x7f && code < 0xa0);
}
