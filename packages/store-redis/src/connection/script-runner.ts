/**
 * Calls scripts, and repeats a call until its outcome is known.
 *
 * Every script is safe to send twice with the same arguments, which is
 * what makes the repetition here correct.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Redis } from "ioredis";
import {
  type ArgumentType,
  SCRIPTS,
  type ScriptArguments,
  type ScriptConstants,
  type ScriptName,
} from "../generated/scripts.ts";
import { joinWrites } from "./redis-connection.ts";
import { isTemporary, toStoreError } from "./redis-errors.ts";
import type { ScriptLibrary } from "./script-library.ts";

/** What a script takes that does not change from call to call, as it travels: one text, decoded once. */
export type ConstantsText<N extends keyof ScriptConstants> = string & { readonly constantsOf: N };

/** Prepares the constants of a script; fields it does not know are left out. */
export function encodeConstants<N extends keyof ScriptConstants>(
  name: N,
  values: ScriptConstants[N],
): ConstantsText<N> {
  const list = SCRIPTS[name].constants.map((field) => values[field as keyof ScriptConstants[N]]);
  return JSON.stringify(list) as ConstantsText<N>;
}

/** What a runner needs. */
export interface ScriptRunnerOptions {
  readonly client: Redis;
  readonly library: ScriptLibrary;
  /** How long a call is repeated before it is reported as `store.unavailable`. */
  readonly patienceMs: number;
}

const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 250;

/** Runs scripts and plain commands on one connection. */
export class ScriptRunner {
  readonly client: Redis;
  readonly #library: ScriptLibrary;
  readonly #patienceMs: number;

  constructor({ client, library, patienceMs }: ScriptRunnerOptions) {
    this.client = client;
    this.#library = library;
    this.#patienceMs = patienceMs;
  }

  /** Runs a script; answers its reply as the driver decodes it. @throws store.unavailable, store.corrupt */
  run<N extends ScriptName>(
    name: N,
    keys: readonly string[],
    values: ScriptArguments[N],
    ...constants: N extends keyof ScriptConstants ? [ConstantsText<N>] : []
  ): Promise<unknown> {
    const args: string[] = [...constants];
    const declared: readonly (readonly [string, ArgumentType])[] = SCRIPTS[name].arguments;
    for (const [field, type] of declared) append(args, values[field as keyof ScriptArguments[N]], type);
    return this.#repeat(() => this.#library.call(this.client, name, keys, args));
  }

  /** Runs a read that is as safe to repeat as a script. */
  read<T>(command: (client: Redis) => Promise<T>): Promise<T> {
    return this.#repeat(() => command(this.client));
  }

  async #repeat<T>(call: () => Promise<T>): Promise<T> {
    joinWrites(this.client);
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

function append(args: string[], value: unknown, type: ArgumentType): void {
  if (type === "rest") args.push(...(value as string[]));
  else if (type === "flag") args.push(value === true ? "1" : "");
  else args.push(String(value));
}
