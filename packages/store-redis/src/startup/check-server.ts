/**
 * What is asked of a Redis server before anything is stored on it. INFO is
 * read first, CONFIG GET second; what neither tells is reported as unknown.
 */
import { type AckLevel, AppError } from "@holdfast/contracts";
import type { Redis } from "ioredis";

/** What a server says of itself. */
export interface ServerFacts {
  readonly product: string;
  readonly version: string;
  readonly evictionPolicy: string;
  /** `off`, `everysec`, `always`, `no`, or `unknown`. */
  readonly appendFsync: string;
  /** Changes when the server restarts. */
  readonly serverRunId: string;
}

const REQUIRED_MAJOR = 7;

/** Reads what the server tells. */
export async function readServerFacts(client: Redis): Promise<ServerFacts> {
  const info = parseInfo(await client.info());
  const fromConfig = (name: string) => readConfig(client, name);
  const isAppendOnly = info.get("aof_enabled") ?? ((await fromConfig("appendonly")) === "yes" ? "1" : "0");
  return {
    product: info.has("valkey_version") ? "Valkey" : "Redis",
    version: info.get("valkey_version") ?? info.get("redis_version") ?? "unknown",
    evictionPolicy: info.get("maxmemory_policy") ?? (await fromConfig("maxmemory-policy")) ?? "unknown",
    appendFsync: isAppendOnly === "1" ? ((await fromConfig("appendfsync")) ?? "unknown") : "off",
    serverRunId: info.get("run_id") ?? "",
  };
}

/** Refuses a server that could lose what it acknowledged without anybody noticing. @throws store.evicting, store.unsupported */
export function assertServerFit(facts: ServerFacts): void {
  const major = Number.parseInt(facts.version, 10);
  if (Number.isInteger(major) && major < REQUIRED_MAJOR) {
    throw new AppError("store.unsupported", {
      message: `${facts.product} ${facts.version} is too old: version ${REQUIRED_MAJOR}.0 or newer is needed`,
    });
  }
  if (facts.evictionPolicy !== "noeviction" && facts.evictionPolicy !== "unknown") {
    throw new AppError("store.evicting", {
      message:
        `the server may evict keys (maxmemory-policy is ${facts.evictionPolicy}); run ` +
        "`redis-cli CONFIG SET maxmemory-policy noeviction` and set it in the server's configuration",
      details: { policy: facts.evictionPolicy, fix: "CONFIG SET maxmemory-policy noeviction" },
    });
  }
}

/** Refuses a server that answers and takes nothing, as read-only replicas do. @throws store.unavailable */
export function assertWritable(replication: string): void {
  const facts = parseInfo(replication);
  if (facts.get("role") !== "slave" || facts.get("slave_read_only") === "0") return;
  throw new AppError("store.unavailable", { message: "the server is a read-only replica" });
}

/** The level at which this server acknowledges. */
export function ackLevelOf(facts: ServerFacts): AckLevel {
  return facts.appendFsync === "always" ? "fsync" : "memory";
}

/** One line for people. */
export function describeServer(facts: ServerFacts): string {
  const persistence =
    facts.appendFsync === "off" ? "no append-only file" : `append-only file, fsync ${facts.appendFsync}`;
  return `${facts.product} ${facts.version}, ${persistence}, eviction ${facts.evictionPolicy}`;
}

function parseInfo(text: string): Map<string, string> {
  const lines = text.split("\r\n").filter((line) => line.includes(":"));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]));
}

async function readConfig(client: Redis, name: string): Promise<string | null> {
  try {
    const answer = (await client.config("GET", name)) as string[];
    return answer[1] ?? null;
  } catch {
    // Managed servers forbid CONFIG; the fact is then unknown, not absent.
    return null;
  }
}
