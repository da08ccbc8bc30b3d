import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "@holdfast/redis-server";
import { createHoldfast, echo } from "holdfast";
import { Redis } from "ioredis";
import { afterEach, beforeEach, describe, expect, inject, it, vi } from "vitest";
import { findProcess, isRunning } from "../../src/redis/process-record.ts";
import { climbRedisLadder, type DevRedis } from "../../src/redis/redis-ladder.ts";

let folder: string;
const started: DevRedis[] = [];
const restarts: string[] = [];
const PATH = process.env["PATH"] as string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-ladder-"));
  restarts.length = 0;
});

afterEach(async () => {
  for (const redis of started.splice(0)) await redis.stop();
  rmSync(folder, { recursive: true });
});

async function climb(env: Readonly<Record<string, string>>): Promise<DevRedis> {
  const redis = await climbRedisLadder({ env, folder, onRestart: (how) => restarts.push(how) });
  started.push(redis);
  return redis;
}

/** Does something with a client, which is gone afterwards. */
async function withClient<T>(url: string, work: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url);
  client.on("error", () => {});
  try {
    return await work(client);
  } finally {
    client.disconnect();
  }
}

function serverPid(): number {
  return (JSON.parse(readFileSync(join(folder, "redis.pid"), "utf8")) as { pid: number }).pid;
}

describe("the given Redis", () => {
  it("comes first, and is left alone", async () => {
    const redis = await climb({ REDIS_URL: inject("redisUrl"), PATH });

    await redis.stop();

    expect(redis).toMatchObject({ rung: "given", url: inject("redisUrl"), warning: [] });
    expect(existsSync(join(folder, "redis"))).toBe(false);
    expect(await withClient(inject("redisUrl"), (client) => client.ping())).toBe("PONG");
  });

  it("is named without its password", async () => {
    const redis = await climb({ REDIS_URL: "redis://user:secret@cache:6379" });

    expect(redis.summary).toBe("redis://cache:6379, from REDIS_URL");
  });

  it("is refused when it is no URL of a Redis", async () => {
    const climbing = climb({ REDIS_URL: "http://user:secret@cache" });

    await expect(climbing).rejects.toMatchObject({
      code: "config.invalid",
      message: "REDIS_URL is no redis:// or rediss:// URL",
    });
  });
});

describe("a Redis of the directory", () => {
  it("keeps what it is told and evicts nothing", async () => {
    const redis = await climb({ PATH });

    const settings = await withClient(redis.url, async (client) => {
      const names = ["appendonly", "appendfsync", "save", "maxmemory-policy", "bind", "dir"];
      const values = await Promise.all(names.map(async (name) => (await client.config("GET", name)) as string[]));
      return Object.fromEntries(values.map(([name, value]) => [name, value]));
    });

    expect(redis.rung).toBe("local");
    expect(settings).toEqual({
      appendonly: "yes",
      appendfsync: "everysec",
      save: "",
      "maxmemory-policy": "noeviction",
      bind: "127.0.0.1",
      dir: join(folder, "redis"),
    });
  });

  it("has its data again after a restart", async () => {
    const first = await climb({ PATH });
    await withClient(first.url, (client) => client.set("kept", "yes"));
    await first.stop();

    const second = await climb({ PATH });

    expect(await withClient(second.url, (client) => client.get("kept"))).toBe("yes");
  });

  it("ends when it is stopped, and takes its pid file along", async () => {
    const redis = await climb({ PATH });
    const server = findProcess(serverPid());

    await redis.stop();

    expect(server).not.toBeNull();
    expect(server !== null && isRunning(server)).toBe(false);
    expect(existsSync(join(folder, "redis.pid"))).toBe(false);
  });

  it("ends a server that an earlier owner left running, and has its data (U1)", async () => {
    const data = join(folder, "redis");
    mkdirSync(data, { recursive: true });
    const port = await freePort();
    const options = ["--port", String(port), "--dir", data, "--appendonly", "yes", "--save", ""];
    const left = spawn("redis-server", options, { stdio: "ignore" });
    await once(left, "spawn");
    const server = findProcess(left.pid as number);
    writeFileSync(join(folder, "redis.pid"), JSON.stringify(server));
    await withClient(`redis://127.0.0.1:${port}`, (client) => client.set("kept", "yes"));

    const next = await climb({ PATH });

    expect(server !== null && isRunning(server)).toBe(false);
    expect(await withClient(next.url, (client) => client.get("kept"))).toBe("yes");
  });

  it("does not touch a foreign process whose pid stands in an old pid file (U2)", async () => {
    const foreign = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    await once(foreign, "spawn");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "redis.pid"), JSON.stringify({ pid: foreign.pid, startedAt: "1" }));

    await climb({ PATH });

    expect(findProcess(foreign.pid as number)).not.toBeNull();
    foreign.kill("SIGKILL");
  });

  it("is started again where it was when it ends by itself (U3)", async () => {
    const redis = await climb({ PATH });
    const pid = serverPid();
    await withClient(redis.url, (client) => client.set("kept", "yes"));

    process.kill(pid, "SIGKILL");

    // It takes a moment on purpose.
    await vi.waitFor(() => expect(serverPid()).not.toBe(pid), { timeout: 5_000 });
    // The client connects as soon as it can.
    expect(await withClient(redis.url, (client) => client.get("kept"))).toBe("yes");
    expect(restarts).toEqual(["SIGKILL"]);
  });

  it("says what the server said when it does not start", async () => {
    mkdirSync(join(folder, "redis"), { recursive: true });
    // Where the append-only file should be made there is a file.
    writeFileSync(join(folder, "redis", "appendonlydir"), "");

    const climbing = climb({ PATH });

    await expect(climbing).rejects.toMatchObject({ code: "store.unavailable" });
    await expect(climbing).rejects.toThrow(/does not start: .*append/i);
  });
});

describe("the emulated Redis", () => {
  it("comes last, warns, and runs sessions all the same", async () => {
    const redis = await climb({ PATH: join(folder, "nothing") });
    const holdfast = await createHoldfast({ redis: redis.url, executors: [echo] });

    const sent = await holdfast.session("chat/42", { executor: "echo" }).send({ key: "msg-1", text: "hello" });

    expect(redis.rung).toBe("emulated");
    expect(redis.warning.join("\n")).toMatch(/ALL STATE IS LOST[^]*apt-get install redis-server[^]*brew install redis/);
    expect(await sent.completion).toMatchObject({ kind: "completed", output: "hello" });
    await holdfast.close();
  }, 30_000);
});
