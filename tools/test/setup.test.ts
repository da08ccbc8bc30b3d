import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";

const SETUP = fileURLToPath(new URL("../setup.mjs", import.meta.url));

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "holdfast-setup-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, "tools"));
  copyFileSync(SETUP, join(root, "tools", "setup.mjs"));
  // Does what `npm ci` does to the record, and counts.
  writeFileSync(
    join(root, "npm.js"),
    `const fs = require("node:fs");
     fs.appendFileSync("calls", process.argv.slice(2).join(" ") + "\\n");
     fs.mkdirSync("node_modules/a", { recursive: true });
     fs.copyFileSync("package-lock.json", "node_modules/.package-lock.json");`,
  );
});

function lock(integrity: string): void {
  const packages = { "": {}, "node_modules/a": { version: "1.0.0", integrity } };
  writeFileSync(join(root, "package-lock.json"), JSON.stringify({ packages }));
}

function run(script: string): { readonly code: number | null; readonly stdout: string; readonly stderr: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--input-type=module", "-e", `const tools = await import("./tools/setup.mjs"); ${script}`],
    { cwd: root, encoding: "utf8", env: { ...process.env, npm_execpath: join(root, "npm.js") } },
  );
  return { code: status, stdout, stderr };
}

function installs(): string[] {
  return existsSync(join(root, "calls")) ? readFileSync(join(root, "calls"), "utf8").trim().split("\n") : [];
}

describe("the installation", () => {
  it("is what the lock file says, and is made once (T1)", () => {
    lock("one");

    for (let time = 1; time <= 3; time += 1) run("await tools.install()");

    expect(installs()).toEqual([expect.stringMatching(/^ci /)]);
  });

  it("is made again when the lock file says otherwise (T1)", () => {
    lock("one");
    run("await tools.install()");

    lock("two");
    run("await tools.install()");

    expect(installs()).toHaveLength(2);
  });

  it("is left alone when somebody else made what the lock file says (T1)", () => {
    lock("one");
    mkdirSync(join(root, "node_modules", "a"), { recursive: true });
    copyFileSync(join(root, "package-lock.json"), join(root, "node_modules", ".package-lock.json"));

    run("await tools.install()");

    expect(installs()).toEqual([]);
  });

  it("of a folder with a lock file of its own is made there (T1)", () => {
    mkdirSync(join(root, "tools", "gates", "node_modules"), { recursive: true });
    writeFileSync(join(root, "tools", "gates", "package-lock.json"), JSON.stringify({ packages: { "": {} } }));

    run("await tools.install(tools.gates)");

    expect(installs()).toEqual([expect.stringContaining(`--prefix ${join(root, "tools", "gates")}`)]);
  });

  it("is made again when a package of it is gone (T1)", () => {
    lock("one");
    run("await tools.install()");
    rmSync(join(root, "node_modules"), { recursive: true });

    run("await tools.install()");

    expect(installs()).toHaveLength(2);
  });
});

describe("a step", () => {
  it("that succeeds prints one line (T2)", () => {
    const { code, stdout, stderr } = run(
      'await tools.step("work", async () => ({ code: 0, output: "much\\nof it\\n" }))',
    );

    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^holdfast: work \.\.\. \d+\.\d s\n$/);
  });

  it("that fails prints all it said, and ends the process (T2)", () => {
    const { code, stderr } = run(
      'await tools.step("work", async () => ({ code: 3, output: "much\\nof it\\n" })); console.error("went on")',
    );

    expect(code).toBe(1);
    expect(stderr).toBe("much\nof it\nholdfast: work failed with exit code 3.\n");
  });
});
