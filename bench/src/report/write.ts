/** Where a run is kept: as JSON, and as the page of the documentation. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BenchResult, NOISE_BAND } from "./result.ts";
import { renderTables } from "./table.ts";

/** Writes `bench/results/<date>.json`; answers where. */
export function writeResult(root: string, result: BenchResult): string {
  const folder = join(root, "bench", "results");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${result.takenAt.slice(0, 10)}.json`);
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
  return file;
}

/** Writes `docs/benchmarks.md`; answers where. */
export function publish(root: string, result: BenchResult): string {
  const folder = join(root, "docs");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "benchmarks.md");
  writeFileSync(file, renderPage(result));
  return file;
}

function renderPage(result: BenchResult): string {
  const { takenAt, commit, machine, server, durability, rounds } = result;
  return `# Benchmarks

Written by \`npm run bench -- --publish\`; the numbers behind it are in \`bench/results/\`.

Taken ${takenAt.slice(0, 10)} at ${commit} on ${machine}; ${server}, ${durability}. Medians of ${rounds} rounds in which the
contenders take turns on one Redis. The times belong to that machine; the ratios are what to compare.

${renderTables(result)}

## What is measured

- **The same work for all.** A message of 200 characters goes to one of S sessions, is processed by a handler that raises the
  session's durable counter, and the sender waits for the result before it sends its next one. After each load the counters
  must add up to the messages sent.
- **The same layout for all.** One sender process and one worker process, connected by Redis alone.
- **Ours** runs with its defaults and gives order within a session, deduplication by key, state, a receipt for every turn
  and events. Nothing it has finished is removed.
- **Plain BullMQ** gives none of these: \`queue.add\`, a processor with one HINCRBY, \`job.waitUntilFinished\`. Up to 128 jobs at
  once, as many as our worker runs sessions. Finished jobs are kept, as by default.
- **A lock per session** is \`SET NX PX\` around the processor. A job that finds it taken is put back with \`moveToDelayed\` for
  10 ms, or waits in the processor and tries again every 10 ms.
- **Cold**: the session has history, the worker that had it is gone, nobody has its state.
- **The floor** is \`bench/lua/bare.lua\`: an admission and an advance of four calls each that decide nothing, from 50
  connections.
- **Counts** are read from INFO before and after, and do not depend on the machine: ${"`commandstats`"} for scripts and commands,
  network bytes, and MEMORY USAGE over all keys of a session.

\`npm run bench -- --gate\` fails when a row misses its target by more than ${NOISE_BAND * 100} %, which is the noise of a shared
machine, or a count by anything.
`;
}
