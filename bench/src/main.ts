/** Runs the rows, prints the table, keeps the result. */
import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import type { Bench } from "./bench.ts";
import { type BenchOptions, HELP, readOptions } from "./options.ts";
import { startRedis } from "./redis/bench-redis.ts";
import { type BenchResult, type CountResult, isMet, judgedValue, NOISE_BAND, type RowResult } from "./report/result.ts";
import { renderTables } from "./report/table.ts";
import { publish, writeResult } from "./report/write.ts";
import { counts } from "./rows/counts.ts";
import { cold, warm } from "./rows/latency.ts";
import { batches, busy64, busy256, ephemeral, single } from "./rows/throughput.ts";

type Row = (bench: Bench) => Promise<{ readonly rows: RowResult[]; readonly counts: CountResult[] }>;

const timed = (row: (bench: Bench) => Promise<RowResult[]>): Row => {
  return async (bench) => ({ rows: await row(bench), counts: [] });
};

const ROWS: Readonly<Record<string, Row>> = {
  "busy-256": timed(busy256),
  "busy-64": timed(busy64),
  single: timed(single),
  batches: timed(batches),
  warm: timed(warm),
  cold: timed(cold),
  ephemeral: timed(ephemeral),
  counts,
};

/** Above `bench/dist`, where this module is built to. */
const root = fileURLToPath(new URL("../..", import.meta.url));

async function measure(options: BenchOptions): Promise<BenchResult> {
  const redis = await startRedis(options.persistence);
  const startedAt = performance.now();
  const progress = (text: string) => {
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(0).padStart(4);
    process.stderr.write(`${seconds} s  ${text}\n`);
  };
  try {
    const bench: Bench = { options, redis, progress };
    const names = options.only.length === 0 ? Object.keys(ROWS) : options.only;
    const rows: RowResult[] = [];
    const counted: CountResult[] = [];
    for (const name of names) {
      const row = ROWS[name];
      if (row === undefined) throw new Error(`--only knows ${Object.keys(ROWS).join(", ")}, not ${name}`);
      const found = await row(bench);
      rows.push(...found.rows);
      counted.push(...found.counts);
    }
    const server = await describeServer(bench);
    return { ...describeRun(options), server, rows, counts: counted };
  } finally {
    await redis.stop();
  }
}

function describeRun({ rounds, isQuick, persistence }: BenchOptions) {
  return {
    takenAt: new Date().toISOString(),
    commit: currentCommit(),
    machine: `${cpus().length} × ${cpus()[0]?.model.trim() ?? "unknown"}, Node ${process.versions.node}`,
    durability: persistence === "off" ? "no append-only file" : `append-only file, fsync ${persistence}`,
    rounds,
    isQuick,
  };
}

function currentCommit(): string {
  try {
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: root, encoding: "utf8" }).trim();
  } catch {
    return "an unknown commit"; // A copy without its history.
  }
}

async function describeServer({ redis: { client } }: Bench): Promise<string> {
  const version = /redis_version:(\S+)/.exec(await client.info("server"))?.[1];
  return `Redis ${version ?? "of an unknown version"}`;
}

function missed({ rows, counts: counted }: BenchResult): string[] {
  return [
    ...rows.filter((row) => isMet(judgedValue(row), row.target, NOISE_BAND) === false).map(({ title }) => title),
    ...counted
      .filter(({ ours, digits, target }) => isMet(Number(ours.toFixed(digits)), target) === false)
      .map(({ title }) => title),
  ];
}

const options = readOptions(process.argv.slice(2));
if (options === null) {
  process.stdout.write(HELP);
} else {
  const result = await measure(options);
  process.stdout.write(`\n${renderTables(result)}\n\n${result.server}, ${result.durability}; ${result.machine}\n`);
  const isWhole = options.only.length === 0;
  if (isWhole && !options.isQuick) process.stdout.write(`kept in ${writeResult(root, result)}\n`);
  if (options.isPublished && isWhole) process.stdout.write(`published in ${publish(root, result)}\n`);
  const misses = missed(result);
  if (options.isGate && misses.length > 0) {
    process.stderr.write(`missed by more than the noise band: ${misses.join("; ")}\n`);
    process.exitCode = 1;
  }
}
