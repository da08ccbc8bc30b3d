import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DevFolder, found, isUp } from "./support/dev-instance.ts";
import { isAlive } from "./support/launched.ts";

let folder: DevFolder;

beforeEach(() => {
  folder = new DevFolder();
});

afterEach(() => folder.remove(), 60_000);

describe("holdfast dev without a Redis on the machine", { timeout: 120_000 }, () => {
  it("emulates one, says loudly what that means, and holds the conversation", async () => {
    const bin = `${folder.path}/bin`;
    mkdirSync(bin);
    symlinkSync(process.execPath, `${bin}/node`);
    const dev = folder.dev([], { PATH: bin });
    await isUp(dev);
    const { curl, workerPid } = found(dev);

    const answer: unknown = JSON.parse(execFileSync("sh", ["-c", curl], { encoding: "utf8" }));
    const ended = await dev.end("SIGINT");

    expect(dev.stdout).toMatch(/!!!![^]*EMULATED[^]*ALL STATE IS LOST[^]*apt-get install redis-server[^]*brew install/);
    expect(dev.stdout.match(/^ {4}outcome +completed/gm)).toHaveLength(3);
    expect(answer).toMatchObject({ outcome: { kind: "completed", output: "And what comes next?" } });
    expect(ended).toEqual({ code: 0, signal: null });
    expect(isAlive(workerPid)).toBe(false);
    expect(dev.stderr).toBe("");
  });
});
