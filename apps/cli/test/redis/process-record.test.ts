import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { findProcess, isRunning, parseProcessRecord } from "../../src/redis/process-record.ts";

describe("a process record", () => {
  it("tells a process that runs from one that has ended", async () => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    await once(child, "spawn");
    const record = findProcess(child.pid as number);

    const wasRunning = record !== null && isRunning(record);
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;

    expect(wasRunning).toBe(true);
    expect(record !== null && isRunning(record)).toBe(false);
  });

  it("does not take another process for one that had the same pid", () => {
    const own = findProcess(process.pid);

    expect(own).toMatchObject({ pid: process.pid });
    expect(isRunning({ pid: process.pid, startedAt: "long ago" })).toBe(false);
  });

  it("stays the same while the process runs", () => {
    expect(findProcess(process.pid)).toEqual(findProcess(process.pid));
  });

  it("is nothing for a pid without a process", () => {
    expect(findProcess(2 ** 30)).toBeNull();
  });

  it.each([null, 7, {}, { pid: "7", startedAt: "x" }, { pid: 7 }, { pid: 7.5, startedAt: "x" }])(
    "is not made of %j",
    (value) => {
      expect(parseProcessRecord(value)).toBeNull();
    },
  );
});
