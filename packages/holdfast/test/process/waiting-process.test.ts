import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const run = promisify(execFile);
const jiti = join(dirname(createRequire(import.meta.url).resolve("jiti/package.json")), "lib/jiti-cli.mjs");

it("a process whose sessions are its own stays up while one of them waits for a time, and ends once it is closed", async () => {
  const script = fileURLToPath(new URL("waiting-process.ts", import.meta.url));

  const { stdout } = await run(process.execPath, ["--conditions=@holdfast/source", jiti, script]);

  expect(stdout).toBe("completed\n");
});
