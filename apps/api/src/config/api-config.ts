/** What the environment tells the API server: read once, refused in one line. */
import { readFileSync } from "node:fs";
import { AppError } from "holdfast";
import * as z from "zod";

const redisUrl = z.string().refine(isRedisUrl, "is no redis:// or rediss:// URL");

function integer(max: number) {
  return z
    .string()
    .regex(/^\d{1,9}$/, "is not a whole number")
    .transform(Number)
    .pipe(z.int().max(max, `is more than ${max}`));
}

const Environment = z.object({
  REDIS_URL: redisUrl,
  HOLDFAST_WAKE_REDIS_URL: redisUrl.optional(),
  HOLDFAST_HOST: z.string().max(255, "is too long").default("127.0.0.1"),
  HOLDFAST_PORT: integer(65_535).prefault("8080"),
  HOLDFAST_NAMESPACE: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, "is not a name of letters, digits, dot, dash and underscore")
    .optional(),
  HOLDFAST_BUCKETS: integer(16_384).pipe(z.int().min(1, "is less than 1")).optional(),
  HOLDFAST_DRAIN_MS: integer(600_000).prefault("0"),
  HOLDFAST_LOG_LEVEL: z
    .enum(
      ["trace", "debug", "info", "warn", "error", "fatal", "silent"],
      "is none of trace, debug, info, warn, error, fatal, silent",
    )
    .default("info"),
});

/** Settings that may come from a file instead, named by `<NAME>_FILE`. */
const SECRETS = ["REDIS_URL", "HOLDFAST_WAKE_REDIS_URL"] as const;

/** How an API server takes part, and where it listens. */
export interface ApiConfig {
  readonly connection: {
    readonly redis: string;
    readonly wakeRedis?: string;
    readonly namespace?: string;
    readonly buckets?: number;
  };
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly drainMs: number;
  readonly logLevel: string;
}

/** Reads the environment. An empty variable counts as absent. @throws config.invalid */
export function readApiConfig(env: Readonly<Record<string, string | undefined>>): ApiConfig {
  const given = { ...env, ...readSecrets(env) };
  const named = Object.keys(Environment.shape).flatMap((name) => (given[name] ? [[name, given[name]]] : []));
  const parsed = Environment.safeParse(Object.fromEntries(named));
  if (!parsed.success) throw new AppError("config.invalid", { message: sentence(parsed.error, new Set(named.flat())) });
  const { REDIS_URL, HOLDFAST_WAKE_REDIS_URL, HOLDFAST_NAMESPACE, HOLDFAST_BUCKETS, ...rest } = parsed.data;
  return {
    connection: {
      redis: REDIS_URL,
      ...(HOLDFAST_WAKE_REDIS_URL === undefined ? {} : { wakeRedis: HOLDFAST_WAKE_REDIS_URL }),
      ...(HOLDFAST_NAMESPACE === undefined ? {} : { namespace: HOLDFAST_NAMESPACE }),
      ...(HOLDFAST_BUCKETS === undefined ? {} : { buckets: HOLDFAST_BUCKETS }),
    },
    host: rest.HOLDFAST_HOST,
    port: rest.HOLDFAST_PORT,
    drainMs: rest.HOLDFAST_DRAIN_MS,
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
