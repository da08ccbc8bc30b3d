import { expect, it } from "vitest";
import { IdempotencyKey, structuredString } from "../src/index.ts";

const header = structuredString(IdempotencyKey);

it.each([
  ['"msg-1"', "msg-1"],
  ["msg-1", "msg-1"],
  ["8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"],
  ['"a b"', "a b"],
  [String.raw`"a\"b\\c"`, String.raw`a"b\c`],
  ['"a,b;c"', "a,b;c"],
  ["order/7:{x}=", "order/7:{x}="],
])("reads %s", (sent, read) => {
  expect(header.parse(sent)).toBe(read);
});

it.each([
  "",
  '""',
  '"open',
  'open"',
  '"a"b"',
  String.raw`"a\b"`,
  '"a", "b"',
  "a, b",
  "a,b",
  "a;q=1",
  '"a";q=1',
  "a b",
  '"schön"',
  "schön",
  '"a\tb"',
  `"${"k".repeat(257)}"`,
])("refuses %o", (sent) => {
  expect(header.safeParse(sent).success).toBe(false);
});
