/**
 * How scripts are loaded and called.
 *
 * As a function library the codecs, tables and fragments are declared once, when
 * it is loaded; a call runs the script alone, which halves its time. The library
 * is named after its content, so that two versions live side by side during a
 * rolling upgrade. Emulations of Redis without functions get the same source as
 * a plain script.
 */
import { createHash } from "node:crypto";
import { AppError } from "@holdfast/contracts";
import type { Redis } from "ioredis";
import { LIBRARY, SCRIPTS, type ScriptName } from "../generated/scripts.ts";
import { isOutOfMemory } from "./redis-errors.ts";

/** Changes the library's source before it is loaded; identity in production. */
export type PrepareSource = (source: string) => string;

/** Calls scripts on a connection. */
export interface ScriptLibrary {
  /** Whether the server sheds admissions at its memory limit and lets commits drain. */
  readonly hasMemoryFlags: boolean;
  call(client: Redis, name: ScriptName, keys: readonly string[], values: readonly string[]): Promise<unknown>;
}

/** Prepares the scripts for a server; probes once which form it takes. */
export async function openScriptLibrary(client: Redis, prepare: PrepareSource): Promise<ScriptLibrary> {
  const source = prepare(LIBRARY);
  const library = functionLibrary(source);
  try {
    await library.load(client);
    return library;
  } catch (error) {
    // At its memory limit a server loads nothing. Most often it has the library, and a call that finds none loads it.
    if (isOutOfMemory(error)) return library;
    if (!isUnsupported(error)) throw error;
    return plainScripts(source);
  }
}

function functionLibrary(body: string) {
  const prefix = `hf_${createHash("sha256").update(body).digest("hex").slice(0, 12)}`;
  const scripts = Object.keys(SCRIPTS) as ScriptName[];
  const names = new Map(scripts.map((script) => [script, `${prefix}_${script.replaceAll("-", "_")}`]));
  const registrations = scripts.map((script) => {
    const flags = SCRIPTS[script].mayExceedMemory ? "'allow-oom'" : "";
    return `redis.register_function{function_name='${names.get(script)}',callback=SCRIPTS['${script}'],flags={${flags}}}`;
  });
  const source = `#!lua name=${prefix}\n${body}\n${registrations.join("\n")}\n`;
  const load = (client: Redis) => client.function("LOAD", "REPLACE", source);
  const reload = async (client: Redis) => {
    try {
      await load(client);
    } catch (error) {
      throw isOutOfMemory(error) ? noRoom(error) : error;
    }
  };
  return {
    hasMemoryFlags: true,
    load,
    call: async (client: Redis, script: ScriptName, keys: readonly string[], values: readonly string[]) => {
      const name = names.get(script) as string;
      try {
        return await client.fcall(name, keys.length, ...keys, ...values);
      } catch (error) {
        // A failover or a flush may have brought a server that does not know the library.
        if (!(error instanceof Error && error.message.includes("Function not found"))) throw error;
        await reload(client);
        return client.fcall(name, keys.length, ...keys, ...values);
      }
    },
  };
}

function plainScripts(body: string): ScriptLibrary {
  const loaded = new Map<ScriptName, { readonly sha: string; readonly source: string }>();
  for (const script of Object.keys(SCRIPTS) as ScriptName[]) {
    const source = `${body}\nreturn SCRIPTS['${script}'](KEYS,ARGV)\n`;
    loaded.set(script, { source, sha: createHash("sha1").update(source).digest("hex") });
  }
  return {
    hasMemoryFlags: false,
    call: async (client, script, keys, values) => {
      const { sha, source } = loaded.get(script) as { sha: string; source: string };
      try {
        return await client.evalsha(sha, keys.length, ...keys, ...values);
      } catch (error) {
        if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
        return client.eval(source, keys.length, ...keys, ...values);
      }
    },
  };
}

/** Where there is no room for the scripts, nothing can be told of the call: whoever works must go on trying. */
function noRoom(cause: unknown): AppError {
  return new AppError("store.unavailable", { message: "Redis has no room for the scripts", cause });
}

/** Whether the server does not have functions, or refuses them. */
function isUnsupported(error: unknown): boolean {
  return (
    error instanceof Error &&
    error.name === "ReplyError" &&
    /unknown (sub)?command|not supported|malformed function registration/i.test(error.message)
  );
}
