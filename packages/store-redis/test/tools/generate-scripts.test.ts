import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { LIBRARY, SCRIPTS } from "../../src/generated/scripts.ts";
import { bundle, FRAGMENT_FILES, type LuaFile, SCRIPT_FILES } from "./read-lua.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const jiti = join(dirname(createRequire(import.meta.url).resolve("jiti/package.json")), "lib/jiti-cli.mjs");
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
  expect(bundle()).toBe(LIBRARY);
});

describe("bundling", () => {
  it("notices a changed script and a changed fragment", () => {
    const scripts = withScript("watch-input", (text) => text.replace("2000", "2001"));
    const fragments = FRAGMENT_FILES.map(({ name, text }) => ({
      name,
      text: text.replace("2 * hold.leaseMs", "3 * hold.leaseMs"),
    }));

    expect(bundle(scripts)).not.toBe(LIBRARY);
    expect(bundle(SCRIPT_FILES, fragments)).not.toBe(LIBRARY);
  });

  it("refuses a script that raises an event without declaring it", () => {
    const scripts = withScript(
      "claim-session",
      (text) => `${text}\nstep(SESSION_ROWS, c.head.phase, "unregister.begin")\n`,
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

  it("refuses a script that names a fragment and calls nothing of it", () => {
    const scripts = withScript("watch-input", (text) => text.replace(/^ {2}Uses {5}/m, "  Uses     due, "));

    expect(() => bundle(scripts)).toThrow("watch-input.lua uses due and calls nothing of it");
  });

  it("refuses a column that its row does not have", () => {
    const scripts = withScript("claim-session", (text) => `${text}\nlocal x = hold.leaseTill\n`);

    expect(() => bundle(scripts)).toThrow("claim-session.lua: a hold has no column leaseTill");
  });

  it("refuses a column that is read straight off a call, however it is called", () => {
    const read = (call: string) => withScript("claim-session", (text) => `${text}\nlocal x = ${call}.token\n`);

    expect(() => bundle(read('decode_hold(redis.call("HGET", K.session, "h"))'))).toThrow(
      "claim-session.lua reads token off a call of decode_hold",
    );
    expect(() => bundle(read("blank_hold()"))).toThrow("claim-session.lua reads token off a call of blank_hold");
  });

  it("refuses a row in a variable that is not named after it", () => {
    const scripts = withScript("claim-session", (text) => `${text}\nlocal former = decode_hold("")\n`);
    const sound = withScript("claim-session", (text) => `${text}\nlocal former_hold = decode_hold("")\n`);

    expect(() => bundle(scripts)).toThrow("claim-session.lua: former is a hold and is not named after it");
    expect(() => bundle(sound)).not.toThrow();
  });

  it("puts places for the names of columns and arguments, and leaves quoted text alone", () => {
    const scripts = withScript("settle-step", (text) => `${text}\nreturn { hold.token, A.key, "hold.token A.key" }\n`);

    expect(bundle(scripts)).toContain('return { hold[4], ARGV[5], "hold.token A.key" }');
  });

  it("refuses a key that sessions do not have", () => {
    const scripts = withScript("claim-session", (text) => `${text}\nredis.call("GET", K.journal)\n`);

    expect(() => bundle(scripts)).toThrow("claim-session.lua: no key journal");
  });

  it("refuses a script that uses a fragment which is not there", () => {
    const scripts = withScript("claim-session", (text) => text.replace(/^ {2}Uses {5}/m, "  Uses     magic, "));

    expect(() => bundle(scripts)).toThrow("claim-session.lua uses an unknown fragment: magic");
  });
});
