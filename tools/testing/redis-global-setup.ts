/**
 * One private Redis for the `redis` project.
 *
 * It listens on a free port of the loopback, keeps nothing on disk, and goes
 * with the run, however that ends. `HOLDFAST_TEST_REDIS_URL` names another one
 * to use instead.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { TestProject } from "vitest/node";
import { findRedisServer, installHint } from "../redis-binary.mjs";

const attempts = 5;

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const given = process.env["HOLDFAST_TEST_REDIS_URL"];
  if (given !== undefined) {
    project.provide("redisUrl", given);
    return undefined;
  }

  const binary = findRedisServer();
  if (binary === null) throw new Error(installHint);
  const server = await startRedis(binary);
  project.provide("redisUrl", server.url);
  return () => server.stop();
}

interface PrivateRedis {
  readonly url: string;
  stop(): Promise<void>;
}

/** Another process may take the free port first, so the port is tried, not trusted. */
async function startRedis(binary: string): Promise<PrivateRedis> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-redis-"));
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const port = await freePort();
    const child = spawnRedis(binary, port, folder);
    const watchdog = spawnWatchdog(child, folder);
    const stop = async () => {
      watchdog.kill("SIGKILL");
      await stopProcess(child);
    };
    if (await answersPing(child, port)) {
      return {
        url: `redis://127.0.0.1:${port}`,
        stop: async () => {
          await stop();
          rmSync(folder, { recursive: true, force: true });
        },
      };
    }
    await stop();
  }
  throw new Error(`${binary} did not answer on any of ${attempts} ports.`);
}

function spawnRedis(binary: string, port: number, folder: string): ChildProcess {
  const where = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder];
  const how = ["--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction", "--loglevel", "warning"];
  // In a session of its own, so that an interrupt at the terminal reaches the run first.
  const child = spawn(binary, [...where, ...how], { stdio: "ignore", detached: true });
  child.on("error", () => {}); // A server that cannot be started has no pid and counts as ended.
  return child;
}

/**
 * Outlives a run that is killed: its input closes with the run, and then it
 * takes the server and the folder away.
 */
function spawnWatchdog(server: ChildProcess, folder: string): ChildProcess {
  const script = 'cat >/dev/null; kill -TERM "$1" 2>/dev/null; rm -rf "$2"';
  const stdio = ["pipe", "ignore", "ignore"] as const;
  const watchdog = spawn("sh", ["-c", script, "sh", String(server.pid), folder], { stdio: [...stdio], detached: true });
  watchdog.unref();
  return watchdog;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (address === null || typeof address === "string") throw new Error("The loopback gave no port.");
  return address.port;
}

/** True once it answers, false when it has gone or stays silent for five seconds. */
async function answersPing(child: ChildProcess, port: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < 5_000; waitedMs += 10) {
    if (hasEnded(child)) return false;
    if (await ping(port)) return !hasEnded(child);
    await sleep(10);
  }
  return false;
}

function ping(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.setTimeout(1_000, () => socket.destroy());
    socket.on("connect", () => socket.write("PING\r\n"));
    socket.on("data", (reply) => {
      resolve(reply.toString().startsWith("+PONG"));
      socket.destroy();
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => resolve(false));
  });
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const killer = setTimeout(() => child.kill("SIGKILL"), 3_000);
  await ended;
  clearTimeout(killer);
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}
