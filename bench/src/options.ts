import { parseArgs } from "node:util";
import type { Persistence } from "@holdfast/redis-server";

/** How a run measures. */
export interface BenchOptions {
  readonly isQuick: boolean;
  /** Missed targets end the run with an error. */
  readonly isGate: boolean;
  readonly isPublished: boolean;
  readonly rounds: number;
  readonly warmupMs: number;
  readonly measureMs: number;
  /** Messages of one measurement, at most. */
  readonly maxMessages: number;
  /** Messages of one latency measurement. */
  readonly pings: number;
  /** Inputs of the counts. */
  readonly counted: number;
  readonly persistence: Persistence;
  /** Rows to run; all when empty. */
  readonly only: readonly string[];
  /** Folder for CPU profiles of our processes. */
  readonly profileFolder: string | null;
}

export const HELP = `usage: npm run bench -- [options]

  --quick            everything once over lightly, in less than a minute
  --rounds <n>       alternations of ours and the baseline, at least 3 (3)
  --seconds <n>      length of a measurement (4)
  --only <row,...>   rows to run: busy-256, busy-64, single, batches, warm, cold, ephemeral, counts
  --aof <mode>       persistence of the Redis: off, everysec or always (off)
  --publish          write docs/benchmarks.md from this run
  --gate             fail when a target is missed by more than the noise band
  --profile <dir>    write CPU profiles of our processes
`;

const FULL = { warmupMs: 1_500, measureMs: 4_000, maxMessages: 150_000, pings: 300, counted: 2_000 };
const QUICK = { warmupMs: 250, measureMs: 500, maxMessages: 50_000, pings: 100, counted: 500 };
const MIN_ROUNDS = 3;

/** Reads the command line; `null` when it asks for help. Throws on what it does not know. */
export function readOptions(args: readonly string[]): BenchOptions | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      gate: { type: "boolean", default: false },
      publish: { type: "boolean", default: false },
      seconds: { type: "string" },
      rounds: { type: "string", default: String(MIN_ROUNDS) },
      only: { type: "string", default: "" },
      aof: { type: "string", default: "off" },
      profile: { type: "string" },
    },
  });
  if (values.help) return null;
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < MIN_ROUNDS)
    throw new Error(`--rounds takes a number from ${MIN_ROUNDS} on`);
  return {
    isQuick: values.quick,
    isGate: values.gate,
    isPublished: values.publish,
    rounds,
    ...(values.quick ? QUICK : FULL),
    ...(values.seconds === undefined ? {} : { measureMs: Number(values.seconds) * 1_000 }),
    persistence: persistenceOf(values.aof),
    only: values.only.split(",").filter((name) => name !== ""),
    profileFolder: values.profile ?? null,
  };
}

function persistenceOf(text: string): Persistence {
  if (text === "off" || text === "everysec" || text === "always") return text;
  throw new Error(`--aof takes off, everysec or always, not ${text}`);
}
