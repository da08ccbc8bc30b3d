/**
 * Finds a Redis for development: the one the environment names, else a server
 * of this machine started for this directory, else an emulation.
 */
import { findServer, HOW_TO_GET_REDIS } from "@holdfast/redis-server";
import { withoutSecret } from "holdfast";
import { findVariable, readEnvironment } from "holdfast/process";
import { startEmulatedRedis } from "./emulated-redis.ts";
import { LocalRedis } from "./local-redis.ts";

/** A Redis to develop with. */
export interface DevRedis {
  readonly rung: "given" | "local" | "emulated";
  readonly url: string;
  /** What it is, in a line; without secrets. */
  readonly summary: string;
  /** What must not be overlooked, line by line. */
  readonly warning: readonly string[];
  /** Ends what was started for this; a given Redis stays as it is. */
  stop(): Promise<void>;
  /** The same without waiting: the last thing a process does. */
  dismiss(): void;
}

/** What the ladder goes by. */
export interface LadderOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Keeps what a server of this directory stores. */
  readonly folder: string;
  readonly onRestart: (how: string) => void;
}

/** Takes the first rung that holds. @throws config.invalid, store.unavailable */
export async function climbRedisLadder({ env, folder, onRestart }: LadderOptions): Promise<DevRedis> {
  if (findVariable(env, "REDIS_URL") !== undefined) return givenRedis(readEnvironment(env, ["REDIS_URL"]).REDIS_URL);
  const binary = findServer(env["PATH"] ?? "");
  return binary === null ? emulatedRedis() : localRedis(await LocalRedis.start({ binary, folder, onRestart }), binary);
}

function givenRedis(url: string): DevRedis {
  return {
    rung: "given",
    url,
    summary: `${withoutSecret(url)}, from REDIS_URL`,
    warning: [],
    stop: async () => {},
    dismiss: () => {},
  };
}

function localRedis(server: LocalRedis, binary: string): DevRedis {
  return {
    rung: "local",
    url: server.url,
    summary: `${server.url}, ${binary} (pid ${server.pid}), data in .holdfast/redis`,
    warning: [],
    stop: () => server.stop(),
    dismiss: () => server.dismiss(),
  };
}

async function emulatedRedis(): Promise<DevRedis> {
  const server = await startEmulatedRedis();
  return {
    rung: "emulated",
    url: server.url,
    summary: `${server.url}, emulated in this process`,
    warning: [
      "No redis-server and no valkey-server on PATH: Redis is EMULATED inside this process.",
      "ALL STATE IS LOST when it exits, and it is slower by orders of magnitude.",
      `For a real one: ${HOW_TO_GET_REDIS},`,
      "then start again. Or set REDIS_URL to one that runs already.",
    ],
    stop: () => server.stop(),
    dismiss: () => {},
  };
}
