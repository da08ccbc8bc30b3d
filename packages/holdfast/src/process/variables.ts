/** Every variable of the environment that a process of Holdfast reads, once: its rule, its default and what it means. */
import {
  DEFAULT_BUCKETS,
  DEFAULT_GRACE_MS,
  DEFAULT_LOOP_LIMITS,
  DEFAULT_NAMESPACE,
  DEFAULT_TENANT,
  DEFAULT_TIMING,
} from "@holdfast/contracts";
import * as z from "zod";

/** One variable. Its rule says in words that follow the name what is wrong with a value. */
export interface Variable {
  readonly meaning: string;
  readonly rule: z.ZodType<string | number, string>;
  /** What it is when it is absent. */
  readonly fallback?: string;
  /** Nothing works without it. */
  readonly isRequired?: true;
  /** May hold a password: it may come from the file that `<NAME>_FILE` names, and is never repeated. */
  readonly isSecret?: true;
}

const redisUrl = z.string().refine(isRedisUrl, "is no redis:// or rediss:// URL");

const name = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, "is not a name of letters, digits, dot, dash and underscore");

const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

/** The variables. */
export const VARIABLES = {
  REDIS_URL: { meaning: "the ledger's Redis", rule: redisUrl, isRequired: true, isSecret: true },
  HOLDFAST_WAKE_REDIS_URL: {
    meaning: "the wake queue's Redis, when it is another one",
    rule: redisUrl,
    isSecret: true,
  },
  HOLDFAST_NAMESPACE: { meaning: "key prefix of the store", rule: name, fallback: DEFAULT_NAMESPACE },
  HOLDFAST_BUCKETS: {
    meaning: "buckets of the store, as it was created",
    rule: wholeNumber(1, 16_384),
    fallback: String(DEFAULT_BUCKETS),
  },
  HOLDFAST_TENANT: { meaning: "tenant of the sessions", rule: z.string(), fallback: DEFAULT_TENANT },
  HOLDFAST_CONCURRENCY: {
    meaning: "sessions a worker runs at the same time",
    rule: wholeNumber(1, 100_000),
    fallback: String(DEFAULT_LOOP_LIMITS.concurrency),
  },
  HOLDFAST_LEASE_MS: {
    meaning: "how long a session stays with a worker that does not renew it: the time a crash costs",
    // Below a second a pause of the garbage collector costs a lease.
    rule: wholeNumber(1_000, 600_000),
    fallback: String(DEFAULT_TIMING.leaseMs),
  },
  HOLDFAST_GRACE_MS: {
    meaning: "how long a running turn may take after SIGTERM",
    rule: wholeNumber(0, 600_000),
    fallback: String(DEFAULT_GRACE_MS),
  },
  HOLDFAST_HOST: { meaning: "address to listen on", rule: z.string().max(255, "is too long"), fallback: "127.0.0.1" },
  HOLDFAST_PORT: { meaning: "port to listen on; 0 takes a free one", rule: wholeNumber(0, 65_535), fallback: "8080" },
  HOLDFAST_DRAIN_MS: {
    meaning: "how long it goes on serving after SIGTERM while /readyz says no",
    rule: wholeNumber(0, 600_000),
    fallback: "0",
  },
  HOLDFAST_LOG_LEVEL: {
    meaning: LOG_LEVELS.join(", "),
    rule: z.enum(LOG_LEVELS, `is none of ${LOG_LEVELS.join(", ")}`),
    fallback: "info",
  },
} as const satisfies Record<string, Variable>;

/** The name of a variable. */
export type VariableName = keyof typeof VARIABLES;

/** Which store a process takes part in. */
export const CONNECTION = [
  "REDIS_URL",
  "HOLDFAST_WAKE_REDIS_URL",
  "HOLDFAST_NAMESPACE",
  "HOLDFAST_BUCKETS",
] as const satisfies readonly VariableName[];

/** What the processes read, in the order in which their help lists it. */
export const VARIABLES_OF = {
  worker: [...CONNECTION, "HOLDFAST_CONCURRENCY", "HOLDFAST_LEASE_MS", "HOLDFAST_GRACE_MS", "HOLDFAST_LOG_LEVEL"],
  api: [...CONNECTION, "HOLDFAST_HOST", "HOLDFAST_PORT", "HOLDFAST_DRAIN_MS", "HOLDFAST_LOG_LEVEL"],
  cli: ["REDIS_URL", "HOLDFAST_NAMESPACE", "HOLDFAST_BUCKETS", "HOLDFAST_TENANT"],
} as const satisfies Record<string, readonly VariableName[]>;

function wholeNumber(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,9}$/, "is not a whole number")
    .transform(Number)
    .pipe(z.int().min(min, `is less than ${min}`).max(max, `is more than ${max}`));
}

function isRedisUrl(text: string): boolean {
  return URL.canParse(text) && ["redis:", "rediss:"].includes(new URL(text).protocol);
}
