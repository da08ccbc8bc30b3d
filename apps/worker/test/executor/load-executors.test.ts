import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { selectBuiltIn } from "../../src/executor/built-in.ts";
import { loadExecutors } from "../../src/executor/load-executors.ts";

const fixtures = join(import.meta.dirname, "fixtures");

async function namesIn(file: string): Promise<string[]> {
  return (await loadExecutors(file, fixtures)).map(({ name }) => name).toSorted();
}

describe("loadExecutors", () => {
  it("takes the array and the named exports of a TypeScript module, each executor once", async () => {
    expect(await namesIn("by-array.ts")).toEqual(["first", "second"]);
  });

  it("takes a default export that is an array", async () => {
    expect(await namesIn("./by-default-array.ts")).toEqual(["only"]);
  });

  it("takes a default export that is one executor", async () => {
    expect(await namesIn("by-default.mjs")).toEqual(["plain"]);
  });

  it("takes what a CommonJS module exports", async () => {
    expect(await namesIn("by-commonjs.cjs")).toEqual(["old"]);
  });

  it.each([
    ["none.ts", "none.ts exports no executor; write `export const executors = [defineExecutor(…)]`"],
    ["wrong-item.ts", "wrong-item.ts: item 0 of the export `executors` is no executor"],
    ["throwing.ts", "throwing.ts cannot be loaded: no model key"],
  ])("says in one line what is wrong with %s", async (file, message) => {
    await expect(loadExecutors(file, fixtures)).rejects.toMatchObject({ code: "config.invalid", message });
  });

  it("says in one line that a file is not there", async () => {
    const loading = loadExecutors("missing.ts", fixtures);

    await expect(loading).rejects.toMatchObject({
      code: "config.invalid",
      message: expect.stringMatching(/^missing\.ts cannot be loaded: .*missing\.ts'?$/),
    });
  });
});

describe("selectBuiltIn", () => {
  it("picks by name", () => {
    expect(selectBuiltIn(" fold-batch ,echo").map(({ name }) => name)).toEqual(["fold-batch", "echo"]);
  });

  it("picks none from an empty list", () => {
    expect(selectBuiltIn("")).toEqual([]);
  });

  it("refuses a name it does not know", () => {
    expect(() => selectBuiltIn("echo,ecko")).toThrow("--built-in ecko is none of echo, fold, fold-batch, fold-slowly");
  });
});
