/** What the environment tells a worker: read once, refused in one line. */
import { readFileSync } from "node:fs";
import { AppError, DEFAULT_LOOP_LIMITS } from "holdfast";
import * as z from "zod";

const redisUrl = z.string().refine(isRedisUrl, "is no redis:// or rediss:// URL");

function positive() {
  return z
    .string()
    .regex(/^[1-9]\d{0,8}$/, "is not a whole number from 1")
    .transform(Number);
}

const Environment = z.object({
  REDIS_URL: redisUrl,
  HOLDFAST_WAKE_REDIS_URL: redisUrl.optional(),
  HOLDFAST_NAMESPACE: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, "is not a name of letters, digits, dot, dash and underscore")
    .optional(),
  HOLDFAST_BUCKETS: positive().optional(),
  HOLDFAST_CONCURRENCY: positive().prefault(String(DEFAULT_LOOP_LIMITS.concurrency)),
  HOLDFAST_GRACE_MS: z
    .string()
    .regex(/^\d{1,9}$/, "is not a number of milliseconds")
    .transform(Number)
    .prefault("20000"),
  HOLDFAST_LOG_LEVEL: z
    .enum(
      ["trace", "debug", "info", "warn", "error", "fatal", "silent"],
      "is none of trace, debug, info, warn, error, fatal, silent",
    )
    .default("info"),
});

/** Settings that may come from a file instead, named by `<NAME>_FILE`. */
const SECRETS = ["REDIS_URL", "HOLDFAST_WAKE_REDIS_URL"] as const;

/** How a worker takes part. */
export interface WorkerConfig {
  readonly redis: string;
  readonly wakeRedis?: string;
  readonly namespace?: string;
  readonly buckets?: number;
  readonly concurrency: number;
  readonly graceMs: number;
  readonly logLevel: string;
}

/** Reads the environment. An empty variable counts as absent. @throws config.invalid */
export function readWorkerConfig(env: Readonly<Record<string, string | undefined>>): WorkerConfig {
  const given = { ...env, ...readSecrets(env) };
  const named = Object.keys(Environment.shape).flatMap((name) => (given[name] ? [[name, given[name]]] : []));
  const parsed = Environment.safeParse(Object.fromEntries(named));
  if (!parsed.success) throw new AppError("config.invalid", { message: sentence(parsed.error, new Set(named.flat())) });
  const { REDIS_URL, HOLDFAST_WAKE_REDIS_URL, HOLDFAST_NAMESPACE, HOLDFAST_BUCKETS, ...rest } = parsed.data;
  return {
    redis: REDIS_URL,
    ...(HOLDFAST_WAKE_REDIS_URL === undefined ? {} : { wakeRedis: HOLDFAST_WAKE_REDIS_URL }),
    ...(HOLDFAST_NAMESPACE === undefined ? {} : { namespace: HOLDFAST_NAMESPACE }),
    ...(HOLDFAST_BUCKETS === undefined ? {} : { buckets: HOLDFAST_BUCKETS }),
    concurrency: rest.HOLDFAST_CONCURRENCY,
    graceMs: rest.HOLDFAST_GRACE_MS,
    logLevel: rest.HOLDFAST_LOG_LEVEL,
  };
}

function readSecrets(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const secrets: Record<string, string> = {};
  for (const name of SECRETS) {
    const file = env[`${name}_FILE`];
    if (env[name] || !file) continue;
    try {
      secrets[name] = readFileSync(file, "utf8").trim();
    } catch (cause) {
      throw new AppError("config.invalid", { message: `${name}_FILE names ${file}, which cannot be read`, cause });
    }
  }
  return secrets;
}

/** All faults in one line. Values are not repeated: a URL may hold a password. */
function sentence(error: z.ZodError, given: ReadonlySet<string | undefined>): string {
  const faults = error.issues.map(({ path, message }) => {
    const name = String(path[0]);
    return given.has(name) ? `${name} ${message}` : `${name} is not set`;
  });
  return faults.join("; ");
}

function isRedisUrl(text: string): boolean {
  return URL.canParse(text) && ["redis:", "rediss:"].includes(new URL(text).protocol);
}
