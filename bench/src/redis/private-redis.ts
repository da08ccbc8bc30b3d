/**
 * The one Redis of a run: on a free port of the loopback, with its data in a
 * folder of its own. It goes with this process, however that ends.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { findRedisServer, installHint } from "../../../tools/redis-binary.mjs";

/** What Redis promises about what it acknowledged. */
export type Persistence = "off" | "everysec" | "always";

/** A running server. */
export interface PrivateRedis {
  readonly url: string;
  readonly pid: number;
  readonly persistence: Persistence;
  /** For looking at the server; it carries no load. */
  readonly client: Redis;
  stop(): Promise<void>;
}

const PORT_ATTEMPTS = 5;
const START_LIMIT_MS = 5_000;
const STOP_LIMIT_MS = 3_000;

/** Starts a server. Another process may take the free port first, so the port is tried, not trusted. */
export async function startRedis(persistence: Persistence = "off"): Promise<PrivateRedis> {
  const binary = findRedisServer();
  if (binary === null) throw new Error(installHint);
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  for (let attempt = 1; attempt <= PORT_ATTEMPTS; attempt += 1) {
    const url = `redis://127.0.0.1:${await freePort()}`;
    const server = spawnServer(binary, { url, folder, persistence });
    const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
    client.on("error", () => {}); // Reported by the call that meets it.
    if (await answers(server, client)) return { url, persistence, client, ...owned({ server, client, folder }) };
    client.disconnect();
    await end(server);
  }
  rmSync(folder, { recursive: true, force: true });
  throw new Error(`${binary} did not answer on any of ${PORT_ATTEMPTS} ports.`);
}

function owned({ server, client, folder }: { server: ChildProcess; client: Redis; folder: string }) {
  const watchdog = spawnWatchdog(server, folder);
  return {
    pid: server.pid as number,
    stop: async () => {
      client.disconnect();
      watchdog.kill("SIGKILL");
      await end(server);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function spawnServer(
  binary: string,
  { url, folder, persistence }: { url: string; folder: string; persistence: Persistence },
): ChildProcess {
  const where = ["--port", new URL(url).port, "--bind", "127.0.0.1", "--dir", folder];
  const journal = persistence === "off" ? ["no"] : ["yes", "--appendfsync", persistence];
  const how = ["--save", "", "--maxmemory-policy", "noeviction", "--loglevel", "warning", "--appendonly", ...journal];
  // In a session of its own, so that an interrupt at the terminal reaches the run first.
  const server = spawn(binary, [...where, ...how], { stdio: "ignore", detached: true });
  server.on("error", () => {}); // A server that cannot be started counts as ended.
  return server;
}

/** Outlives a run that is killed: its input closes with the run, and then it takes the server and the folder away. */
function spawnWatchdog(server: ChildProcess, folder: string): ChildProcess {
  const script = 'cat >/dev/null; kill -TERM "$1" 2>/dev/null; rm -rf "$2"';
  const watchdog = spawn("sh", ["-c", script, "sh", String(server.pid), folder], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
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

async function answers(server: ChildProcess, client: Redis): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < START_LIMIT_MS && !hasEnded(server); waitedMs += 20) {
    try {
      await client.connect();
      return (await client.ping()) === "PONG";
    } catch {
      await sleep(20); // Not listening yet.
    }
  }
  return false;
}

async function end(server: ChildProcess): Promise<void> {
  if (hasEnded(server)) return;
  const ended = once(server, "exit");
  server.kill("SIGTERM");
  const killer = setTimeout(() => server.kill("SIGKILL"), STOP_LIMIT_MS);
  await ended;
  clearTimeout(killer);
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}
