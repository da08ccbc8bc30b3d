import type { Redis } from "ioredis";
import type { PrepareSource } from "../connection/script-runner.ts";

const SHEBANG = /^#!lua[^\n]*\n/;

/** How scripts must be sent to this server, and what is lost by it. */
export interface ScriptDialect {
  readonly prepare: PrepareSource;
  /** Whether the server sheds admissions at its memory limit and lets commits drain. */
  readonly hasMemoryFlags: boolean;
}

/** Probes once whether the server knows script flags; emulations do not, and get scripts without them. */
export async function probeDialect(client: Redis): Promise<ScriptDialect> {
  try {
    await client.eval("#!lua\nreturn 1", 0);
    return { prepare: (source) => source, hasMemoryFlags: true };
  } catch {
    return { prepare: (source) => source.replace(SHEBANG, ""), hasMemoryFlags: false };
  }
}
