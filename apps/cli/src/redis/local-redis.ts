/**
 * A Redis server of a directory's own: private to this machine, with its data
 * in the directory, there again after a restart.
 *
 *   U1  At most one server works on the data: one that an earlier owner left
 *       running is ended first.
 *   U2  Only a server that was started here is ever ended.
 *   U3  A server that ends by itself is started again, on the same port.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RedisServer } from "@holdfast/redis-server";
import { RestartPace } from "../dev/restart-pace.ts";
import { findProcess, isRunning, type ProcessRecord, parseProcessRecord } from "./process-record.ts";

const STOP_LIMIT_MS = 10_000;
const POLL_MS = 10;

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
  readonly #options: LocalRedisOptions;
  readonly #server: RedisServer;
  readonly #pace = new RestartPace();
  #isStopped = false;

  private constructor(options: LocalRedisOptions, server: RedisServer) {
    this.#options = options;
    this.#server = server;
    server.onLoss((how) => {
      this.#restart(how).catch((error) => options.onRestart(String(error)));
    });
  }

  /** Starts one and waits until it is ready. @throws store.unavailable */
  static async start(options: LocalRedisOptions): Promise<LocalRedis> {
    const { binary, folder } = options;
    const data = join(folder, "redis");
    mkdirSync(data, { recursive: true });
    await endLeftover(options);
    const server = await RedisServer.start({
      binary,
      folder: data,
      persistence: "everysec",
      logFile: join(folder, "redis.log"),
      onLaunch: (pid) => keepRecord(options, pid),
    });
    return new LocalRedis(options, server);
  }

  get url(): string {
    return this.#server.url;
  }

  get pid(): number {
    return this.#server.pid;
  }

  /** Ends the server in order; its data stays. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#server.stop();
    rmSync(pidFileOf(this.#options), { force: true });
  }

  /** Tells the server to end without waiting for it: the last thing a process does. */
  dismiss(): void {
    this.#isStopped = true;
    this.#server.dismiss();
  }

  /** U3. What it does not manage, the next one tries. */
  async #restart(how: string): Promise<void> {
    this.#options.onRestart(how);
    await sleep(this.#pace.pauseMs());
    if (this.#isStopped) return;
    this.#pace.begin();
    this.#server.relaunch();
  }
}

function keepRecord(options: LocalRedisOptions, pid: number): void {
  const record = findProcess(pid);
  if (record !== null) writeFileSync(pidFileOf(options), `${JSON.stringify(record)}\n`);
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

function pidFileOf({ folder }: LocalRedisOptions): string {
  return join(folder, "redis.pid");
}
