import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { LIBRARY, SCRIPTS } from "../../src/generated/scripts.ts";
import { bundleLibrary } from "../../tools/bundle-library.ts";
import { parseHeader } from "../../tools/parse-header.ts";
import { FRAGMENT_FILES, type LuaFile, SCRIPT_FILES } from "./read-lua.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const jiti = join(dirname(createRequire(import.meta.url).resolve("jiti/package.json")), "lib/jiti-cli.mjs");
const byName = (one: LuaFile, other: LuaFile) => (one.name < other.name ? -1 : 1);

/** The library of scripts, some of them replaced. */
function bundle(scripts: readonly LuaFile[], fragments: readonly LuaFile[] = FRAGMENT_FILES): string {
  return bundleLibrary(
    [...scripts].sort(byName).map(({ name, text }) => parseHeader(name, text)),
    new Map(fragments.map(({ name, text }) => [name, text])),
  );
}

function withScript(name: string, change: (text: string) => string): LuaFile[] {
  return SCRIPT_FILES.map((file) => (file.name === name ? { name, text: change(file.text) } : file));
}

it("finds the generated module fresh", { timeout: 60_000 }, async () => {
  const check = promisify(execFile)(
    process.execPath,
    ["--conditions=@holdfast/source", jiti, "tools/generate-scripts.ts", "--check"],
    { cwd: root },
  );

  await expect(check).resolves.toMatchObject({ stdout: expect.stringMatching(/^\d+ scripts, \d+ bytes\n$/) });
});

it("carries every script, with the library that its sources make", () => {
  expect(Object.keys(SCRIPTS).sort()).toEqual(SCRIPT_FILES.map(({ name }) => name).sort());
  expect(bundle(SCRIPT_FILES)).toBe(LIBRARY);
});

describe("bundling", () => {
  it("notices a changed script and a changed fragment", () => {
    const scripts = withScript("watch-input", (text) => text.replace("2000", "2001"));
    const fragments = FRAGMENT_FILES.map(({ name, text }) => ({ name, text: text.replace("2 * lease", "3 * lease") }));

    expect(bundle(scripts)).not.toBe(LIBRARY);
    expect(bundle(SCRIPT_FILES, fragments)).not.toBe(LIBRARY);
  });

  it("refuses a script that raises an event without declaring it", () => {
    const scripts = withScript(
      "claim-session",
      (text) => `${text}\nstep(SESSION_ROWS, c.h.phase, "unregister.begin")\n`,
    );

    expect(() => bundle(scripts)).toThrow("claim-session.lua raises unregister.begin without declaring it");
  });

  it("refuses a script that declares an event which its machine does not know", () => {
    const scripts = withScript("claim-session", (text) =>
      text.replace("session run.settle,", "session run.settle, run.forget,"),
    );

    expect(() => bundle(scripts)).toThrow("unknown events of machine session: run.forget");
  });

  it("refuses a script that calls what none of its fragments has", () => {
    const scripts = withScript("claim-session", (text) => `${text}\nconjure(c)\n`);

    expect(() => bundle(scripts)).toThrow("claim-session.lua calls conjure");
  });

  it("refuses a script that uses a fragment which is not there", () => {
    const scripts = withScript("claim-session", (text) => text.replace(/^ {2}Uses {5}/m, "  Uses     magic, "));

    expect(() => bundle(scripts)).toThrow("claim-session.lua uses an unknown fragment: magic");
  });
});
