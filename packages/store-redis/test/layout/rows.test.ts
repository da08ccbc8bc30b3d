import { Packr } from "msgpackr";
import { expect, it } from "vitest";
import { decodeRow, ENTRY, rowOf } from "../../src/layout/rows.ts";

const packr = new Packr();
const packed = (...values: readonly unknown[]): Buffer => Buffer.concat(values.map((value) => packr.pack(value)));

it("fills in what a row of an earlier version could not say", () => {
  expect(decodeRow(ENTRY, packed("inp_1", 7, true))).toEqual({
    inputId: "inp_1",
    admission: 7,
    isPrompt: true,
    isSolo: false,
    boundary: "",
    runId: "",
    notBeforeAt: 0,
  });
});

it("refuses a row of a later version: what it says besides is not to be lost", () => {
  const values = [...Object.values(ENTRY), "more"];

  expect(() => rowOf(ENTRY, values)).toThrow("a row has 8 columns, this version knows 7");
});
