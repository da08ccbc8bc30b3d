import type { Holdfast } from "holdfast";
import { describe, expect, it } from "vitest";
import { auditSession } from "../../src/demo/audit.ts";
import type { ToldInput } from "../../src/demo/story.ts";

type Row = Readonly<Record<string, unknown>>;

const told = [
  { inputId: "inp_1", admission: 1, key: "a", text: "a", end: "consumed", hasReceipt: true },
  { inputId: "inp_2", admission: 2, key: "b", text: "b", end: "cancelled", hasReceipt: true },
  { inputId: "inp_3", admission: 3, key: "b~2", text: "b", end: "consumed", hasReceipt: true },
] as unknown as readonly ToldInput[];

const inputs: readonly Row[] = [
  { inputId: "inp_1", admission: 1, status: "consumed" },
  { inputId: "inp_2", admission: 2, status: "abandoned" },
  { inputId: "inp_3", admission: 3, status: "consumed" },
];

const receipts: readonly Row[] = [
  { position: 1, result: "completed", contributors: ["inp_1"], previousDigest: "0", digest: "d1", token: 3 },
  { position: 2, result: "cancelled", contributors: ["inp_2"], previousDigest: "d1", digest: "d2", token: 5 },
  { position: 3, result: "completed", contributors: ["inp_3"], previousDigest: "d2", digest: "d3", token: 6 },
];

/** Pages of two, as a ledger gives them. */
function holding(stored: { readonly inputs?: readonly Row[]; readonly receipts?: readonly Row[] }): Holdfast {
  const pages =
    (rows: readonly Row[]) =>
    async (_ref: unknown, { after }: { readonly after: number }) => ({
      items: rows.slice(after, after + 2),
      next: after + 2 < rows.length ? after + 2 : null,
    });
  return {
    session: (sessionId: string) => ({ ref: { sessionId } }),
    runtime: {
      listInputs: pages(stored.inputs ?? inputs),
      listReceipts: pages(stored.receipts ?? receipts),
    },
  } as unknown as Holdfast;
}

function changed(rows: readonly Row[], index: number, change: Row): readonly Row[] {
  return rows.map((row, at) => (at === index ? { ...row, ...change } : row));
}

describe("the audit of a session", () => {
  it("finds nothing where ledger and sender agree, over several pages", async () => {
    expect(await auditSession(holding({}), "s", told)).toEqual([]);
  });

  it.each<[string, Parameters<typeof holding>[0], string]>([
    ["an input is missing", { inputs: inputs.slice(0, 2) }, "2 inputs, 3 acknowledged"],
    ["another was admitted", { inputs: changed(inputs, 1, { inputId: "inp_9" }) }, "input 2 is not the one"],
    ["it ended otherwise", { inputs: changed(inputs, 1, { status: "consumed" }) }, "its sender was told cancelled"],
    ["a receipt is missing", { receipts: receipts.slice(0, 2) }, "completed receipts are not of the consumed inputs"],
    ["a position is skipped", { receipts: changed(receipts, 2, { position: 4 }) }, "receipt 3 has position 4"],
    ["the chain is broken", { receipts: changed(receipts, 2, { previousDigest: "x" }) }, "breaks the chain"],
    ["a fence is used again", { receipts: changed(receipts, 2, { token: 5 }) }, "a fence that is not newer"],
    [
      "contributors changed places",
      { receipts: changed(changed(receipts, 0, { contributors: ["inp_3"] }), 2, { contributors: ["inp_1"] }) },
      "completed receipts are not of the consumed inputs",
    ],
    [
      "an interruption left no receipt",
      { receipts: changed(receipts, 1, { contributors: [] }) },
      "cancelled receipts are not of the cancelled inputs",
    ],
  ])("says that %s", async (_what, stored, fault) => {
    expect((await auditSession(holding(stored), "s", told)).join("\n")).toContain(fault);
  });

  it("asks no receipt of an interruption that left none, and accepts none", async () => {
    const unproven = told.map((input) => (input.admission === 2 ? { ...input, hasReceipt: false } : input));
    const without = [receipts[0], { ...receipts[2], position: 2, previousDigest: "d1" }] as readonly Row[];

    expect(await auditSession(holding({ receipts: without }), "s", unproven)).toEqual([]);
    expect((await auditSession(holding({}), "s", unproven)).join("\n")).toContain("cancelled receipts are not of");
  });

  it("does not take an input that never ended for one that did", async () => {
    const open = told.map((input) => (input.admission === 3 ? { ...input, end: "open" as const } : input));

    expect((await auditSession(holding({}), "s", open)).join("\n")).toContain("its sender was told open");
  });
});
