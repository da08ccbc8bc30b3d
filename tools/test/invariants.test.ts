import { describe, expect, it } from "vitest";
import { findInvariantFaults } from "../invariants.mjs";

const HEAD = (...ids: string[]) =>
  `/**\n * Guards something.\n *\n${ids.map((id) => ` *   ${id}  Holds.\n`).join("")} */\n`;
const README = "| | |\n|---|---|\n| G1 | Holds. |\n";
const INDEX = "| G1 | README, *What is guaranteed* | promises |\n| S1–S2 | `domain/src/session.ts` | phases |\n";

/** A workspace in which everything agrees, with some files replaced. */
function faultsWith(changed: Readonly<Record<string, string>>): string[] {
  const files = {
    "README.md": README,
    "ARCHITECTURE.md": INDEX,
    "packages/domain/src/session.ts": `${HEAD("S1", "S2")}// Before the write (S1).\n`,
    "packages/domain/test/session.test.ts":
      'it("holds (S1, S2)", () => {});\nit(`keeps ${1} promise [G1]`, () => {});\n',
    ...changed,
  };
  return findInvariantFaults(Object.entries(files).map(([path, text]) => ({ path, text })));
}

describe("invariants", () => {
  it("that are declared once, proven and listed are no fault", () => {
    expect(faultsWith({})).toEqual([]);
  });

  it("are proven by the title of a test, not by a comment in it (T3)", () => {
    const test = 'it("holds (S1)", () => {}); // as does (S2)\nit("keeps it (G1)", () => {});\n';

    expect(faultsWith({ "packages/domain/test/session.test.ts": test })).toEqual([
      "packages/domain/src/session.ts: S2 is declared, and no title of a test cites it",
    ]);
  });

  it("are declared by one file only (T3)", () => {
    expect(faultsWith({ "apps/cli/src/other.ts": HEAD("S2") })).toContain(
      "S2 is declared more than once: packages/domain/src/session.ts, apps/cli/src/other.ts",
    );
  });

  it.each([
    ["packages/domain/src/other.ts", "// Nothing else may (S3).\n"],
    ["packages/domain/test/other.test.ts", 'it("holds [S3]", () => {});\n'],
    ["packages/store-redis/lua/stage.lua", "--[[\n  Upholds  S1, S3\n]]\n"],
    ["README.md", `${README}Kept by the machine (S3).\n`],
  ])("are declared when %s cites them (T4)", (path, text) => {
    expect(faultsWith({ [path]: text })).toEqual([`${path}: S3 is cited, and nothing declares it`]);
  });

  it("are listed with the file that declares them (T5)", () => {
    const index = INDEX.replace("S1–S2", "S1");

    expect(faultsWith({ "ARCHITECTURE.md": index })).toEqual([
      "ARCHITECTURE.md does not list S2 in packages/domain/src/session.ts",
    ]);
  });

  it("are listed once, in the order of their ids (T5)", () => {
    const [first, second] = INDEX.trim().split("\n");

    expect(faultsWith({ "ARCHITECTURE.md": `${second}\n${first}\n` })).toEqual([
      "ARCHITECTURE.md lists G1 twice or out of order",
    ]);
    expect(faultsWith({ "ARCHITECTURE.md": `${INDEX}${second}\n` })).toEqual([
      "ARCHITECTURE.md lists S1 twice or out of order",
    ]);
  });

  it("are listed only while they are declared (T5)", () => {
    const index = INDEX.replace("S1–S2", "S1–S3");

    expect(faultsWith({ "ARCHITECTURE.md": index })).toEqual([
      "ARCHITECTURE.md lists S3 in packages/domain/src/session.ts, wrongly",
    ]);
  });
});
