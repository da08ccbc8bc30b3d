/** What the environment tells a process: read once, refused in one line. */
import { readFileSync } from "node:fs";
import { AppError } from "@holdfast/contracts";
import type * as z from "zod";
import { type CONNECTION, VARIABLES, type Variable, type VariableName } from "./variables.ts";

/** An environment, as `process.env` is one. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What was read: every variable by its name, and only optional ones without a default may be missing. */
export type Settings<N extends VariableName> = { readonly [K in N]: Read<(typeof VARIABLES)[K]> };

type Read<V> = V extends { readonly rule: z.ZodType<infer T> }
  ? V extends { readonly fallback: string } | { readonly isRequired: true }
    ? T
    : T | undefined
  : never;

/** Which store a process takes part in. */
export interface Connection {
  readonly redis: string;
  readonly wakeRedis?: string;
  readonly namespace: string;
  readonly buckets: number;
}

/**
 * Reads the named variables. An empty one counts as absent. All faults are in
 * one line, which repeats no value, because one may be a secret.
 *
 * @throws config.invalid
 */
export function readEnvironment<N extends VariableName>(env: Environment, names: readonly N[]): Settings<N> {
  const faults: string[] = [];
  const settings = names.map((name) => {
    const { rule, fallback, isRequired }: Variable = VARIABLES[name];
    const text = findVariable(env, name) ?? fallback;
    if (text === undefined) {
      if (isRequired === true) faults.push(`${name} is not set`);
      return [name, undefined];
    }
    const parsed = rule.safeParse(text);
    if (!parsed.success) faults.push(`${name} ${parsed.error.issues[0]?.message}`);
    return [name, parsed.data];
  });
  if (faults.length > 0) throw new AppError("config.invalid", { message: faults.join("; ") });
  return Object.fromEntries(settings) as Settings<N>;
}

/** The text of one variable, or of the file that stands for it; `undefined` when it is absent. @throws config.invalid */
export function findVariable(env: Environment, name: VariableName): string | undefined {
  if (env[name]) return env[name];
  const { isSecret }: Variable = VARIABLES[name];
  const file = env[`${name}_FILE`];
  if (isSecret !== true || !file) return undefined;
  try {
    return readFileSync(file, "utf8").trim() || undefined;
  } catch (cause) {
    throw new AppError("config.invalid", { message: `${name}_FILE names ${file}, which cannot be read`, cause });
  }
}

/** The store that the settings name, as options of `createHoldfast`. */
export function connectionOf(settings: Settings<(typeof CONNECTION)[number]>): Connection {
  const wakeRedis = settings.HOLDFAST_WAKE_REDIS_URL;
  return {
    redis: settings.REDIS_URL,
    ...(wakeRedis === undefined ? {} : { wakeRedis }),
    namespace: settings.HOLDFAST_NAMESPACE,
    buckets: settings.HOLDFAST_BUCKETS,
  };
}
