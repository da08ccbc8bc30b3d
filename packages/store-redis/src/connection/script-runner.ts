/**
 * Calls scripts, and repeats a call until its outcome is known.
 *
 * Every script is safe to send twice with the same arguments (D7), which is
 * what makes the repetition here correct.
 */
import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Redis } from "ioredis";
import { type ArgumentType, SCRIPTS, type ScriptArguments, type ScriptName } from "../generated/scripts.ts";
import { isScriptMissing, isTemporary, toStoreError } from "./redis-errors.ts";

/** Changes a script's source before it is sent; identity in production. */
export type PrepareSource = (source: string) => string;

/** What a runner needs. */
export interface ScriptRunnerOptions {
  readonly client: Redis;
  /** How long a call is repeated before it is reported as `store.unavailable`. */
  readonly patienceMs: number;
  readonly prepareSource: PrepareSource;
}

interface LoadedScript {
  readonly sha: string;
  readonly source: string;
}

const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 250;

/** Runs scripts and plain commands on one connection. */
export class ScriptRunner {
  readonly client: Redis;
  readonly #patienceMs: number;
  readonly #scripts = new Map<ScriptName, LoadedScript>();

  constructor({ client, patienceMs, prepareSource }: ScriptRunnerOptions) {
    this.client = client;
    this.#patienceMs = patienceMs;
    for (const [name, script] of Object.entries(SCRIPTS)) {
      const source = prepareSource(script.source);
      this.#scripts.set(name as ScriptName, { source, sha: createHash("sha1").update(source).digest("hex") });
    }
  }

  /** Runs a script; answers its reply as the driver decodes it. @throws store.unavailable, store.corrupt */
  run<N extends ScriptName>(name: N, keys: readonly string[], values: ScriptArguments[N]): Promise<unknown> {
    const { sha, source } = this.#scripts.get(name) as LoadedScript;
    const declared: readonly (readonly [string, ArgumentType])[] = SCRIPTS[name].arguments;
    const args = declared.flatMap(([field, type]) => encode(values[field as keyof ScriptArguments[N]], type));
    return this.#repeat(async () => {
      try {
        return await this.client.evalsha(sha, keys.length, ...keys, ...args);
      } catch (error) {
        if (!isScriptMissing(error)) throw error;
        return this.client.eval(source, keys.length, ...keys, ...args);
      }
    });
  }

  /** Runs a read that is as safe to repeat as a script. */
  read<T>(command: (client: Redis) => Promise<T>): Promise<T> {
    return this.#repeat(() => command(this.client));
  }

  async #repeat<T>(call: () => Promise<T>): Promise<T> {
    // The common case costs nothing beyond the call itself.
    try {
      return await call();
    } catch (error) {
      if (!isTemporary(error)) throw toStoreError(error);
    }
    return this.#insist(call);
  }

  async #insist<T>(call: () => Promise<T>): Promise<T> {
    const deadline = performance.now() + this.#patienceMs;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      await delay(pause * (0.5 + Math.random()));
      try {
        return await call();
      } catch (error) {
        if (!isTemporary(error) || performance.now() > deadline) throw toStoreError(error);
      }
    }
  }
}

function encode(value: unknown, type: ArgumentType): string[] {
  if (type === "rest") return value as string[];
  if (type === "flag") return [value === true ? "1" : ""];
  return [String(value)];
}
