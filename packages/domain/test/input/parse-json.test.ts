import { isAppError } from "@holdfast/contracts";
import fc from "fast-check";
import { expect, it } from "vitest";
import { parseJson } from "../../src/input/parse-json.ts";
import { thrownBy } from "./sample-input.ts";

const limits = { depth: 3 };

it("reads what JSON.parse reads", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      const text = JSON.stringify(value, null, 1);
      expect(parseJson(text, { depth: 64 })).toEqual(JSON.parse(text));
    }),
  );
});

it("allows nesting up to the limit and refuses one more", () => {
  expect(parseJson('[{"a":[1]}]', limits)).toEqual([{ a: [1] }]);
  expect(
    isAppError(
      thrownBy(() => parseJson('[{"a":[[1]]}]', limits)),
      "request.too_deep",
    ),
  ).toBe(true);
});

it("counts nesting, not containers", () => {
  expect(parseJson(`[${"[],{},".repeat(1_000)}[]]`, limits)).toHaveLength(2_001);
});

it.each([String.raw`"[[[[[["`, String.raw`"\"[[[[["`, String.raw`{"{{{{{":"\\"}`, String.raw`["\\\"[[[[","{{{{"]`])(
  "does not count brackets inside the strings of %s",
  (text) => {
    expect(parseJson(text, limits)).toEqual(JSON.parse(text));
  },
);

it.each(["[", '{"a":', '[{"a":['])("refuses a million of %s without exhausting the stack", (opening) => {
  expect(
    isAppError(
      thrownBy(() => parseJson(opening.repeat(1_000_000), limits)),
      "request.too_deep",
    ),
  ).toBe(true);
});

it.each(["", " ", "{", "]", "{a:1}", "[1,]", "nul", '"\u0001"', '"open', '"\\', "\ufeff{}", "1 2", "NaN"])(
  "calls %j malformed",
  (text) => {
    expect(
      isAppError(
        thrownBy(() => parseJson(text, limits)),
        "request.malformed",
      ),
    ).toBe(true);
  },
);

it("calls text malformed whose closing brackets come first, however deep it goes on", () => {
  const text = "]".repeat(10) + "[".repeat(10);

  expect(
    isAppError(
      thrownBy(() => parseJson(text, limits)),
      "request.malformed",
    ),
  ).toBe(true);
});

it("keeps what the parser said as the cause", () => {
  expect(thrownBy(() => parseJson("{", limits))).toMatchObject({ cause: expect.any(SyntaxError) });
});
