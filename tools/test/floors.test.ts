import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";

const REPORTER = fileURLToPath(new URL("../testing/floors.ts", import.meta.url));
const VITEST = fileURLToPath(new URL("../../node_modules/vitest/vitest.mjs", import.meta.url));

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "holdfast-floors-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  copyFileSync(REPORTER, join(root, "floors.ts"));
  const project = (name: string) => ({
    test: { name, globals: true, include: [`${name}/*.test.js`, `${name}-*.test.js`] },
  });
  const config = { test: { reporters: ["./floors.ts"], projects: [project("unit"), project("slow")] } };
  writeFileSync(join(root, "vitest.config.mjs"), `export default ${JSON.stringify(config)};`);
  floors({ unit: 2 });
  tests("unit-one", 'it("adds", () => {}); it("holds", () => {});');
});

function floors(least: Readonly<Record<string, number>>): void {
  writeFileSync(join(root, "floors.json"), JSON.stringify(least));
}

function tests(name: string, body: string): void {
  writeFileSync(join(root, `${name}.test.js`), body);
}

function run(args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
  // What the run around this one was asked for is not asked of the run within.
  const outer = ["VITEST", "VITEST_POOL_ID", "VITEST_WORKER_ID", "HOLDFAST_RECORD_FLOORS"];
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !outer.includes(name)));
  const { status, stdout, stderr } = spawnSync(process.execPath, [VITEST, "run", "--root", root, ...args], {
    cwd: root,
    encoding: "utf8",
    env: { ...inherited, ...env },
  });
  return { code: status, last: stdout.trimEnd().split("\n").at(-1), stderr };
}

describe("a run of the tests", () => {
  it("closes with its count (F3)", () => {
    expect(run()).toMatchObject({ code: 0, last: "2 passed, 0 failed" });
  });

  it("fails when a project ran fewer tests than before, or none at all (F1)", () => {
    floors({ unit: 3, slow: 1 });

    const { code, last, stderr } = run();

    expect({ code, last }).toEqual({ code: 1, last: "2 passed, 2 failed" });
    expect(stderr).toContain("project unit ran 2 tests, and has run 3 before (F1)");
    expect(stderr).toContain("project slow ran 0 tests, and has run 1 before (F1)");
  });

  it("may be a part of a project, which has no floor (F1)", () => {
    tests("unit-two", 'it("is not asked for", () => {});');
    floors({ unit: 3 });

    expect(run(["unit-one"])).toMatchObject({ code: 0, last: "2 passed, 0 failed" });
  });

  it("fails when a test is skipped, unless by its name (F2)", () => {
    tests("unit-two", 'it.skip("some day", () => {});');

    expect(run()).toMatchObject({ code: 1, last: "2 passed, 1 failed" });
    expect(run(["-t", "adds"])).toMatchObject({ code: 0, last: "1 passed, 0 failed" });
  });

  it("closes with a failure when it dies before its first test (F3)", () => {
    writeFileSync(
      join(root, "vitest.config.mjs"),
      'export default { test: { reporters: ["./floors.ts"], globalSetup: ["./no.js"] } };',
    );

    expect(run()).toMatchObject({ code: 1, last: "0 passed, 1 failed" });
  });

  it("records what ran when it is asked to", () => {
    run([], { HOLDFAST_RECORD_FLOORS: "1" });

    expect(JSON.parse(readFileSync(join(root, "floors.json"), "utf8"))).toMatchObject({ unit: 2 });
  });
});
