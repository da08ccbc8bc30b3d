/**
 * A Redis server of a directory's own: private to this machine, with its data
 * in the directory, there again after a restart.
 *
 *   U1  At most one server works on the data: one that an earlier owner left
 *       running is ended first.
 *   U2  Only a server that was started here is ever ended.
 *   U3  A server that ends by itself is started again, on the same port.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "holdfast";
import { RestartPace } from "../dev/restart-pace.ts";
import { freePort, ping } from "./loopback.ts";
import { findProcess, isRunning, type ProcessRecord, parseProcessRecord } from "./process-record.ts";

const PORT_ATTEMPTS = 5;
/** Loading a large append-only file takes its time. */
const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 10_000;
const POLL_MS = 10;
const LOG_BYTES = 2_000;

/** Where and what to start. */
export interface LocalRedisOptions {
  readonly binary: string;
  /** Holds the data in `redis/` and the pid in `redis.pid`. */
  readonly folder: string;
  /** Told when the server ended by itself; it is started again. */
  readonly onRestart: (how: string) => void;
}

/** A running server. */
export class LocalRedis {
  readonly port: number;
  readonly url: string;
  readonly #options: LocalRedisOptions;
  #server: ChildProcess;
  readonly #pace = new RestartPace();
  #isStopped = false;

  private constructor(options: LocalRedisOptions, started: { readonly server: ChildProcess; readonly port: number }) {
    this.#options = options;
    this.#server = started.server;
    this.port = started.port;
    this.url = `redis://127.0.0.1:${started.port}`;
    this.#watch();
  }

  /** Starts one and waits until it is ready. @throws store.unavailable */
  static async start(options: LocalRedisOptions): Promise<LocalRedis> {
    mkdirSync(dataOf(options), { recursive: true });
    await endLeftover(options);
    for (let attempt = 1; attempt <= PORT_ATTEMPTS; attempt += 1) {
      const port = await freePort();
      const server = launch(options, port);
      if (await isReady(server, port)) return new LocalRedis(options, { server, port });
      await end(server);
    }
    throw new AppError("store.unavailable", { message: `${options.binary} does not start: ${lastWords(options)}` });
  }

  get pid(): number {
    return this.#server.pid as number;
  }

  /** Ends the server in order; its data stays. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await end(this.#server);
    rmSync(pidFileOf(this.#options), { force: true });
  }

  /** Tells the server to end without waiting for it: the last thing a process does. */
  dismiss(): void {
    this.#isStopped = true;
    this.#server.kill("SIGTERM");
  }

  #watch(): void {
    this.#server.once("exit", (code, signal) => {
      if (this.#isStopped) return;
      this.#restart(signal ?? `exit code ${code}`).catch((error) => this.#options.onRestart(String(error)));
    });
  }

  /** U3. What it does not manage, the next one tries. */
  async #restart(how: string): Promise<void> {
    this.#options.onRestart(how);
    await sleep(this.#pace.pauseMs());
    if (this.#isStopped) return;
    this.#pace.begin();
    this.#server = launch(this.#options, this.port);
    this.#watch();
  }
}

function launch(options: LocalRedisOptions, port: number): ChildProcess {
  const settings = {
    port: String(port),
    bind: "127.0.0.1",
    dir: dataOf(options),
    logfile: logOf(options),
    appendonly: "yes",
    appendfsync: "everysec",
    save: "",
    "maxmemory-policy": "noeviction",
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  // In a session of its own: an interrupt at the terminal is for us, and we say when it ends.
  const server = spawn(options.binary, args, { stdio: "ignore", detached: true });
  server.on("error", () => {}); // A server that cannot be started has no pid and counts as ended.
  const record = server.pid === undefined ? null : findProcess(server.pid);
  if (record !== null) writeFileSync(pidFileOf(options), `${JSON.stringify(record)}\n`);
  return server;
}

async function isReady(server: ChildProcess, port: number): Promise<boolean> {
  const deadline = performance.now() + START_LIMIT_MS;
  while (performance.now() < deadline && !hasEnded(server)) {
    if (await ping(port)) return !hasEnded(server);
    await sleep(POLL_MS);
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

/** U1, U2: the owner was killed and could not take its server with it. */
async function endLeftover(options: LocalRedisOptions): Promise<void> {
  const record = readRecord(pidFileOf(options));
  if (record === null || !isRunning(record)) return;
  process.kill(record.pid, "SIGTERM");
  const deadline = performance.now() + STOP_LIMIT_MS;
  while (isRunning(record)) {
    if (performance.now() > deadline) process.kill(record.pid, "SIGKILL");
    await sleep(POLL_MS);
  }
}

function readRecord(file: string): ProcessRecord | null {
  try {
    return parseProcessRecord(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return null; // Not there, or not of our making.
  }
}

function lastWords(options: LocalRedisOptions): string {
  try {
    const lines = readFileSync(logOf(options), "utf8").slice(-LOG_BYTES).trim().split("\n");
    return lines.at(-1) as string;
  } catch {
    return "it said nothing"; // It did not come as far as its log.
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

function dataOf({ folder }: LocalRedisOptions): string {
  return join(folder, "redis");
}

function logOf(options: LocalRedisOptions): string {
  return join(options.folder, "redis.log");
}

function pidFileOf({ folder }: LocalRedisOptions): string {
  return join(folder, "redis.pid");
}
