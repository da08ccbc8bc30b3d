/**
 * Finds the store a command is about: what the command line says, else the
 * environment, else the development instance that runs in this directory.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "holdfast";
import { findVariable, VARIABLES } from "holdfast/process";
import { withHint } from "../terminal/report-error.ts";
import type { ConnectionOptions } from "./options.ts";

/** A store and who asks. */
export interface Connection {
  readonly redis: string;
  readonly namespace?: string;
  readonly buckets?: number;
  readonly tenantId?: string;
}

/** What the answer depends on besides the options. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly isAlive: (pid: number) => boolean;
}

/** What a development instance writes about itself. */
interface DevInstance {
  readonly redisUrl: string;
  readonly namespace: string | undefined;
  readonly pid: number;
}

/** Where a development instance writes about itself, seen from its directory. */
export const DEV_FILE = join(".holdfast", "dev.json");

const HOW = "pass --redis URL, set REDIS_URL, or start `holdfast dev` in this directory";

/** Where to connect. @throws config.invalid */
export function resolveConnection(options: ConnectionOptions, surroundings: Surroundings): Connection {
  const url = options.redis ?? findVariable(surroundings.env, "REDIS_URL");
  const found = url === undefined ? devConnection(surroundings) : { redis: url };
  assertRedisUrl(found.redis);
  return {
    ...found,
    ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
    ...(options.buckets === undefined ? {} : { buckets: options.buckets }),
    ...(options.tenant === undefined ? {} : { tenantId: options.tenant }),
  };
}

/** The surroundings of this process. */
export function processSurroundings(): Surroundings {
  return { env: process.env, cwd: process.cwd(), isAlive };
}

function devConnection({ cwd, isAlive: runs }: Surroundings): Connection {
  const instance = findDevInstance(join(cwd, DEV_FILE));
  if (instance === null) throw notUsable("no Redis is configured and no `holdfast dev` runs in this directory");
  if (!runs(instance.pid)) {
    throw notUsable(`the \`holdfast dev\` recorded in ${DEV_FILE} (process ${instance.pid}) is not running`);
  }
  const { redisUrl, namespace } = instance;
  return { redis: redisUrl, ...(namespace === undefined ? {} : { namespace }) };
}

function findDevInstance(file: string): DevInstance | null {
  const text = findText(file);
  if (text === null) return null;
  const value = parseObject(text);
  const { redisUrl, namespace, pid } = value ?? {};
  if (typeof redisUrl !== "string" || typeof pid !== "number") {
    throw notUsable(`${DEV_FILE} is not what \`holdfast dev\` writes`);
  }
  return { redisUrl, namespace: typeof namespace === "string" ? namespace : undefined, pid };
}

function findText(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw notUsable(`cannot read ${file}`, error);
  }
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    // Half-written or foreign: the caller says so.
    return null;
  }
}

function assertRedisUrl(url: string): void {
  const { success, error } = VARIABLES.REDIS_URL.rule.safeParse(url);
  // The URL may hold a password, so the message does not repeat it.
  if (!success) throw notUsable(`the Redis URL ${error.issues[0]?.message}`);
}

function notUsable(message: string, cause?: unknown): unknown {
  return withHint(new AppError("config.invalid", { message, cause }), HOW);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is alive too.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
