import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { takeLock } from "../../src/dev/instance-lock.ts";
import { findProcess } from "../../src/redis/process-record.ts";

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-lock-"));
  file = join(folder, ".holdfast", "dev.lock");
});

afterEach(() => rmSync(folder, { recursive: true }));

/** Leaves a lock file as somebody else would have. */
function leave(content: string): void {
  const lock = takeLock(file);
  if (lock.kind === "held") lock.release();
  writeFileSync(file, content);
}

describe("takeLock", () => {
  it("is held by whoever takes it first", () => {
    const first = takeLock(file);
    const second = takeLock(file);

    expect(first.kind).toBe("held");
    expect(second).toEqual({ kind: "taken", by: findProcess(process.pid) });
  });

  it("is free again after a release", () => {
    const first = takeLock(file);
    if (first.kind === "held") first.release();

    expect(takeLock(file).kind).toBe("held");
  });

  it.each([
    ["of a process that has ended", JSON.stringify({ pid: 2 ** 30, startedAt: "1" })],
    ["whose pid belongs to another process by now", JSON.stringify({ pid: process.pid, startedAt: "1" })],
    ["that is only a pid", String(process.ppid)],
    ["that is cut off", '{"pid": 1'],
    ["that is empty", ""],
  ])("is not stopped by a file %s", (_what, content) => {
    leave(content);

    expect(takeLock(file).kind).toBe("held");
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(findProcess(process.pid));
    expect(readdirSync(join(folder, ".holdfast"))).toEqual(["dev.lock"]);
  });
});
