import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DevFolder, found, isUp } from "./support/dev-instance.ts";
import { isAlive } from "./support/launched.ts";

const HOOK_MS = 60_000;

let folder: DevFolder;

beforeEach(() => {
  folder = new DevFolder();
});

afterEach(() => folder.remove(), HOOK_MS);

/** Runs a printed line as a user would. */
function shell(line: string): unknown {
  return JSON.parse(execFileSync("sh", ["-c", line], { encoding: "utf8" }));
}

async function readSession(apiUrl: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${apiUrl}/v1/sessions/chat%2F42`);
  return (await response.json()) as Record<string, unknown>;
}

describe("holdfast dev", { timeout: 120_000 }, () => {
  it("shows a conversation step by step, and a line that sends the next input as printed", async () => {
    const dev = folder.dev();
    await isUp(dev);
    const { curl, apiUrl } = found(dev);

    const answer = shell(curl);
    const repeated = shell(curl);

    const steps = [...dev.stdout.matchAll(/^ {4}(\w+) +.*\+\d+ ms$/gm)].map(([, name]) => name);
    const each = ["admitted", "woken", "claimed", "committed", "outcome"];
    expect(steps).toEqual([...each, ...each, ...each]);
    expect(dev.stdout).toMatch(/committed {2}position 3 .*\n +outcome +completed: "Thank you\."/);
    expect(answer).toMatchObject({
      admission: { kind: "accepted", admission: 4 },
      outcome: { kind: "completed", output: "And what comes next?" },
    });
    expect(repeated).toMatchObject({ admission: { kind: "deduplicated", admission: 4 } });
    expect(await readSession(apiUrl)).toMatchObject({ admitted: 4, position: 4, binding: { executor: "echo" } });
    expect(dev.stdout).not.toContain("\u001b");
    expect(dev.stderr).toBe("");
  });

  it("ends everything it started on Ctrl-C, and nothing else (Z1)", async () => {
    const dev = folder.dev(["--no-demo"]);
    await isUp(dev);
    const { redisPid, workerPid } = found(dev);
    const wereAlive = [isAlive(redisPid), isAlive(workerPid)];

    const ended = await dev.end("SIGINT");

    expect(wereAlive).toEqual([true, true]);
    expect(ended).toEqual({ code: 0, signal: null });
    expect([isAlive(redisPid), isAlive(workerPid)]).toEqual([false, false]);
    expect(["dev.json", "dev.lock", "redis.pid"].filter((name) => existsSync(folder.file(name)))).toEqual([]);
    expect(dev.stderr).toBe("");
  });

  it("takes a signal that arrives twice for one", async () => {
    const dev = folder.dev(["--no-demo"]);
    await isUp(dev);

    dev.child.kill("SIGINT");
    const ended = await dev.end("SIGTERM");

    expect(ended).toEqual({ code: 0, signal: null });
    expect(dev.stdout).toMatch(/stopping\n +stopped\n$/);
  });

  it("has its state again after a restart", async () => {
    const first = folder.dev();
    await isUp(first);
    await first.end("SIGTERM");

    const second = folder.dev();
    await isUp(second);

    expect(second.stdout).toContain("input 4 of the session");
    expect(await readSession(found(second).apiUrl)).toMatchObject({ admitted: 6, position: 6 });
  });

  it("is refused a second time in the same directory, and found by other commands", async () => {
    const dev = folder.dev();
    await isUp(dev);
    const { apiUrl } = found(dev);

    const second = folder.dev();
    const refused = await second.ended;
    const sessions = folder.run(["sessions", "--json"]);
    await sessions.ended;

    expect(refused).toEqual({ code: 1, signal: null });
    expect(second.stderr).toMatch(`error: holdfast dev runs here already: pid ${dev.pid}, on ${apiUrl}\nhint: `);
    expect(folder.json("dev.json")).toEqual({
      pid: dev.pid,
      redisUrl: expect.stringMatching(/^redis:\/\/127\.0\.0\.1:\d+$/),
      apiUrl,
      namespace: "hf",
    });
    expect(sessions.stdout).toContain("chat/42");
    expect(isAlive(dev.pid)).toBe(true);
  });

  it("is not stopped by locks of processes that have gone or are others by now", async () => {
    mkdirSync(folder.file("."), { recursive: true });
    for (const name of ["dev.lock", "redis.pid"]) {
      writeFileSync(folder.file(name), JSON.stringify({ pid: process.pid, startedAt: "1" }));
    }
    writeFileSync(folder.file("dev.json"), JSON.stringify({ pid: 2 ** 30, redisUrl: "redis://127.0.0.1:1" }));

    const dev = folder.dev(["--no-demo"]);
    await isUp(dev);

    expect(await dev.end("SIGINT")).toEqual({ code: 0, signal: null });
    expect(isAlive(process.pid)).toBe(true);
  });

  it("takes over after it was killed: nothing is lost, nothing runs twice", async () => {
    const killed = folder.dev();
    await isUp(killed);
    const left = found(killed);
    await killed.end("SIGKILL");

    const next = folder.dev(["--no-demo"]);
    await isUp(next);

    expect(await readSession(found(next).apiUrl)).toMatchObject({ admitted: 3, position: 3 });
    expect(isAlive(left.redisPid)).toBe(false);
    // The worker notices that its parent has gone and hands back what it does.
    await vi.waitFor(() => expect(isAlive(left.workerPid)).toBe(false), { timeout: 10_000 });
  });

  it("starts a worker again that ends by itself", async () => {
    const dev = folder.dev(["--no-demo"]);
    await isUp(dev);
    const { workerPid, curl } = found(dev);

    process.kill(workerPid, "SIGKILL");
    const [, again] = await dev.says(/worker ended \(SIGKILL\)[^]*worker +nod_\S+ \(pid (\d+)\)/);

    expect(Number(again)).not.toBe(workerPid);
    expect(shell(curl)).toMatchObject({ outcome: { kind: "completed", output: "And what comes next?" } });
  });

  it("ends in order when it is told to while it starts (Z1)", async () => {
    const dev = folder.dev();
    await dev.says(/redis-server/);

    const ended = await dev.end("SIGTERM");

    expect(ended).toEqual({ code: 0, signal: null });
    expect(["dev.json", "dev.lock", "redis.pid"].filter((name) => existsSync(folder.file(name)))).toEqual([]);
  });

  it("says what is wrong with a user's executors, and leaves nothing running", async () => {
    writeFileSync(`${folder.path}/mine.ts`, "export const executors = [42];");
    const dev = folder.dev(["--executors", "mine.ts"]);

    const ended = await dev.ended;

    expect(ended.code).toBe(2);
    expect(dev.stderr).toMatch(/config\.invalid.*mine\.ts: item 0 of the export `executors` is no executor/);
    expect(existsSync(folder.file("redis.pid"))).toBe(false);
    expect(isAlive(found(dev).redisPid)).toBe(false);
  });
});
