/**
 * A Redis server of our own: on a free port of the loopback, with its data in
 * a folder of its own. It can be killed and started again on the same data,
 * and goes with this process, however that ends.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "holdfast";
import { findServer, HOW_TO_GET_REDIS } from "../redis/find-server.ts";
import { freePort, ping } from "../redis/loopback.ts";
import { withHint } from "../terminal/report-error.ts";

/** How often the append-only file is forced to the disk. */
export type Fsync = "always" | "everysec";

const PORT_ATTEMPTS = 5;
const START_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 3_000;

/** A running server. */
export class PrivateRedis {
  readonly url: string;
  readonly #start: () => ChildProcess;
  readonly #port: number;
  readonly #folder: string;
  readonly #watchdog: ChildProcess;
  #server: ChildProcess;

  private constructor(started: { start: () => ChildProcess; server: ChildProcess; port: number; folder: string }) {
    this.#start = started.start;
    this.#server = started.server;
    this.#port = started.port;
    this.#folder = started.folder;
    this.#watchdog = spawnWatchdog(started.folder);
    this.url = `redis://127.0.0.1:${started.port}`;
  }

  /** @throws config.invalid without a server on PATH, store.unavailable when it does not start */
  static async start({ fsync }: { readonly fsync: Fsync }): Promise<PrivateRedis> {
    const binary = requireServer();
    const folder = mkdtempSync(join(tmpdir(), "holdfast-redis-"));
    // Another process may take the free port first, so the port is tried, not trusted.
    for (let attempt = 1; attempt <= PORT_ATTEMPTS; attempt += 1) {
      const port = await freePort();
      const start = () => spawnServer(binary, { port, folder, fsync });
      const server = start();
      if (await answers(server, port)) return new PrivateRedis({ start, server, port, folder });
      await end(server, "SIGKILL");
    }
    rmSync(folder, { recursive: true, force: true });
    throw new AppError("store.unavailable", { message: `${binary} does not start` });
  }

  /** Ends the server in the middle of whatever it does. */
  async kill(): Promise<void> {
    await end(this.#server, "SIGKILL");
  }

  /** Starts it again on the same port and data; resolves when it answers. @throws store.unavailable */
  async restart(): Promise<void> {
    this.#server = this.#start();
    if (await answers(this.#server, this.#port)) return;
    throw new AppError("store.unavailable", { message: "the killed Redis does not start again" });
  }

  /** Ends it and removes its data. */
  async stop(): Promise<void> {
    await end(this.#server, "SIGTERM");
    await end(this.#watchdog, "SIGKILL");
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function requireServer(): string {
  const found = findServer(process.env["PATH"] ?? "");
  if (found !== null) return found;
  const error = new AppError("config.invalid", { message: "no redis-server on PATH" });
  throw withHint(error, `install it: ${HOW_TO_GET_REDIS}`);
}

function spawnServer(binary: string, where: { port: number; folder: string; fsync: Fsync }): ChildProcess {
  const settings = {
    port: String(where.port),
    bind: "127.0.0.1",
    dir: where.folder,
    pidfile: join(where.folder, "redis.pid"),
    save: "",
    appendonly: "yes",
    appendfsync: where.fsync,
    "maxmemory-policy": "noeviction",
    loglevel: "warning",
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  // In a session of its own, so that an interrupt at the terminal reaches us first.
  const child = spawn(binary, args, { stdio: "ignore", detached: true });
  child.on("error", () => {}); // A server that cannot be started has no pid and counts as ended.
  return child;
}

/** Outlives this process if it is killed: its input closes with it, and then it takes server and folder away. */
function spawnWatchdog(folder: string): ChildProcess {
  const script = 'cat >/dev/null; kill -KILL "$(cat "$1/redis.pid")" 2>/dev/null; rm -rf "$1"';
  const watchdog = spawn("sh", ["-c", script, "sh", folder], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  watchdog.unref();
  return watchdog;
}

/** True once it answers, also after it loaded its data; false when it has gone. */
async function answers(child: ChildProcess, port: number): Promise<boolean> {
  const deadline = performance.now() + START_LIMIT_MS;
  while (performance.now() < deadline && !hasEnded(child)) {
    if (await ping(port)) return !hasEnded(child);
    await sleep(20);
  }
  return false;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, "exit");
  child.kill(signal);
  const killer = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MS);
  await ended;
  clearTimeout(killer);
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}
