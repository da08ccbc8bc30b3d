/**
 * A Redis server that this process starts: on a free port of the loopback, with
 * its data in a folder that the caller names. It can be ended and started again
 * on the same port and data.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@holdfast/contracts";
import { freePort, ping } from "./loopback.ts";

/** When what was acknowledged is on the disk: never, every second, or before it is acknowledged. */
export type Persistence = "off" | "everysec" | "always";

/** What to start, and where. */
export interface RedisServerOptions {
  readonly binary: string;
  /** Exists, and keeps the data; the caller's to remove. */
  readonly folder: string;
  readonly persistence: Persistence;
  /** Where the server says what it does. */
  readonly logFile: string;
  /** Told of every process that is started. */
  readonly onLaunch?: (pid: number) => void;
}

const PORT_ATTEMPTS = 5;
/** Loading a large append-only file takes its time. */
const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 10_000;
const POLL_MS = 10;
const LOG_CHARACTERS = 2_000;

/** A running server. */
export class RedisServer {
  readonly port: number;
  readonly url: string;
  readonly #options: RedisServerOptions;
  #process: ChildProcess;
  #onLoss: (how: string) => void = () => {};

  private constructor(options: RedisServerOptions, started: { readonly process: ChildProcess; readonly port: number }) {
    this.#options = options;
    this.port = started.port;
    this.url = `redis://127.0.0.1:${started.port}`;
    this.#process = started.process;
    this.#watch();
  }

  /**
   * Starts one and waits until it is ready. Another process may take a free
   * port first, so the port is tried, not trusted.
   *
   * @throws store.unavailable
   */
  static async start(options: RedisServerOptions): Promise<RedisServer> {
    for (let attempt = 1; attempt <= PORT_ATTEMPTS; attempt += 1) {
      const port = await freePort();
      const process = launch(options, port);
      if (await isReady(process, port)) return new RedisServer(options, { process, port });
      await end(process, "SIGKILL");
    }
    throw new AppError("store.unavailable", { message: `${options.binary} does not start: ${lastWords(options)}` });
  }

  /** Of the last process that was started. */
  get pid(): number {
    return this.#process.pid as number;
  }

  /** Freezes it with `SIGSTOP`, wakes it with `SIGCONT`. */
  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#process.kill(signal);
  }

  /** Ends it in order, and by force when that takes too long; its data stays. */
  async stop(): Promise<void> {
    this.#forget();
    await end(this.#process, "SIGTERM");
  }

  /** Ends it in the middle of whatever it does; its data stays. */
  async kill(): Promise<void> {
    this.#forget();
    await end(this.#process, "SIGKILL");
    // A killed server leaves it, and its number may soon be another process's.
    rmSync(pidFileIn(this.#options.folder), { force: true });
  }

  /** Tells it to end without waiting for it: the last thing a process does. */
  dismiss(): void {
    this.#forget();
    this.#process.kill("SIGTERM");
  }

  /** Who is told when it ends although nobody told it to. */
  onLoss(listener: (how: string) => void): void {
    this.#onLoss = listener;
  }

  /** Starts one that has ended again, on the same port and data, without waiting until it answers. */
  relaunch(): void {
    this.#process = launch(this.#options, this.port);
    this.#watch();
  }

  /** The same, and waits until it answers. @throws store.unavailable */
  async restart(): Promise<void> {
    this.relaunch();
    if (await isReady(this.#process, this.port)) return;
    const message = `${this.#options.binary} does not start again: ${lastWords(this.#options)}`;
    throw new AppError("store.unavailable", { message });
  }

  #watch(): void {
    this.#process.once("exit", (code, signal) => this.#onLoss(signal ?? `exit code ${code}`));
  }

  #forget(): void {
    this.#process.removeAllListeners("exit");
  }
}

function launch({ binary, folder, persistence, logFile, onLaunch }: RedisServerOptions, port: number): ChildProcess {
  const settings = {
    port: String(port),
    bind: "127.0.0.1",
    dir: folder,
    pidfile: pidFileIn(folder),
    save: "",
    appendonly: persistence === "off" ? "no" : "yes",
    ...(persistence === "off" ? {} : { appendfsync: persistence }),
    "maxmemory-policy": "noeviction",
    logfile: logFile,
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  // In a session of its own: an interrupt at the terminal is for us, and we say when it ends.
  const child = spawn(binary, args, { stdio: "ignore", detached: true });
  child.on("error", () => {}); // A server that cannot be started has no pid and counts as ended.
  if (child.pid !== undefined) onLaunch?.(child.pid);
  return child;
}

/** Where a server writes its pid. */
export function pidFileIn(folder: string): string {
  return join(folder, "redis.pid");
}

/** True once it answers, also after it loaded its data; false when it has gone. */
async function isReady(child: ChildProcess, port: number): Promise<boolean> {
  const deadline = performance.now() + START_LIMIT_MS;
  while (performance.now() < deadline && !hasEnded(child)) {
    if (await ping(port)) return !hasEnded(child);
    await sleep(POLL_MS);
  }
  return false;
}

async function end(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
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

function lastWords({ logFile }: RedisServerOptions): string {
  try {
    const lines = readFileSync(logFile, "utf8").slice(-LOG_CHARACTERS).trim().split("\n");
    return lines.at(-1) as string;
  } catch {
    return "it said nothing"; // It did not come as far as its log.
  }
}
