/**
 * A server that leaves nothing behind: its data lies in a folder of its own,
 * and both go with this process, however that ends.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError } from "@holdfast/contracts";
import { findServer, HOW_TO_GET_REDIS } from "./find-server.ts";
import { type Persistence, pidFileIn, RedisServer } from "./redis-server.ts";

/** What a private server promises about what it acknowledged. */
export interface PrivateRedisOptions {
  /** `off` unless named. */
  readonly persistence?: Persistence;
}

/** A running server. `stop` takes its data along; `kill` keeps it for `restart`. */
export type PrivateRedis = Pick<RedisServer, "url" | "port" | "pid" | "signal" | "kill" | "restart" | "stop">;

/** Starts one with the first server on PATH. @throws config.invalid without one, store.unavailable when it does not start */
export async function startPrivateRedis({ persistence = "off" }: PrivateRedisOptions = {}): Promise<PrivateRedis> {
  const binary = findServer(process.env["PATH"] ?? "");
  if (binary === null) {
    throw new AppError("config.invalid", { message: `no redis-server on PATH; install it: ${HOW_TO_GET_REDIS}` });
  }
  const folder = mkdtempSync(join(tmpdir(), "holdfast-redis-"));
  const watchdog = spawnWatchdog(folder);
  const clear = () => {
    watchdog.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const server = await RedisServer.start({ binary, folder, persistence, logFile: join(folder, "redis.log") });
    return {
      url: server.url,
      port: server.port,
      get pid() {
        return server.pid;
      },
      signal: (signal) => server.signal(signal),
      kill: () => server.kill(),
      restart: () => server.restart(),
      stop: async () => {
        // By force: nobody reads this data again, and a frozen server would not hear anything else.
        await server.kill();
        clear();
      },
    };
  } catch (error) {
    clear();
    throw error;
  }
}

/** Outlives this process if it is killed: its input closes with it, and then it takes server and folder away. */
function spawnWatchdog(folder: string): ChildProcess {
  const script = 'cat >/dev/null; kill -KILL "$(cat "$1")" 2>/dev/null; rm -rf "$2"';
  const watchdog = spawn("sh", ["-c", script, "sh", pidFileIn(folder), folder], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  watchdog.unref();
  return watchdog;
}
