/**
 * `npm run simulate -- --seeds N [--from S] [--jobs J]`: lives N simulated lives,
 * from the sources, and sums them up. `--seed S` lives one and tells it event by
 * event, which is how a seed that failed is looked into.
 */
import { fork } from "node:child_process";
import { mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

import { fail, install, requireNode } from "./setup.mjs";

/** @typedef {import("../packages/testkit/tools/lives.ts").Progress} Progress */
/** @typedef {import("../packages/testkit/tools/lives.ts").Share} Share */
/** @typedef {typeof import("../packages/testkit/tools/lives.ts")} Lives */

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "node_modules", ".cache", "holdfast-simulate");
/** A log gets a line every so often, a terminal one that changes. */
const QUIET_MS = 10_000;
const HELP = `usage: npm run simulate -- [options]

  --seeds <n>  lives to simulate (1000)
  --from <n>   the first seed (1)
  --jobs <n>   processes (one per processor)
  --seed <n>   one life, told event by event

  npm run simulate -- --seeds 100000
  npm run simulate -- --seed 4711
`;
const shareOf = process.env["HOLDFAST_SIMULATE_SHARE"];

if (shareOf === undefined) await main();
else await liveShareFor(/** @type {Share} */ (JSON.parse(shareOf)));

async function main() {
  const values = readOptions();
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const share = { from: numberFrom(values.from), count: numberFrom(values.seeds), jobs: numberFrom(values.jobs) };
  const seed = values.seed === undefined ? null : numberFrom(values.seed);
  requireNode();
  await install();
  await bundle();
  if (seed === null) await liveMany(share);
  else await tellOne(seed);
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        help: { type: "boolean", default: false },
        seeds: { type: "string", default: "1000" },
        from: { type: "string", default: "1" },
        seed: { type: "string" },
        jobs: { type: "string", default: String(availableParallelism()) },
      },
    });
    return values;
  } catch (error) {
    return fail(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
  }
}

/** @param {string} text */
function numberFrom(text) {
  const number = Number(text);
  return Number.isInteger(number) && number > 0 ? number : fail(`${text} is not a number from 1 on\n\n${HELP}`);
}

/** The sources of the workspace as one module, so that nothing needs to be built. */
async function bundle() {
  mkdirSync(folder, { recursive: true });
  const { build } = await import("vite");
  const conditions = ["@holdfast/source", "node", "import"];
  await build({
    root,
    configFile: false,
    logLevel: "error",
    ssr: { noExternal: true, resolve: { conditions } },
    build: {
      ssr: "packages/testkit/tools/lives.ts",
      outDir: folder,
      emptyOutDir: true,
      minify: false,
      rollupOptions: { output: { entryFileNames: "lives.mjs" } },
    },
  });
}

/** @returns {Promise<Lives>} */
function lives() {
  return import(pathToFileURL(join(folder, "lives.mjs")).href);
}

/** @param {number} seed */
async function tellOne(seed) {
  const { tell } = await lives();
  const { text, isBroken } = await tell(seed);
  process.stdout.write(`${text}\n`);
  if (isBroken) process.exitCode = 1;
}

/** @param {Share} share */
async function liveShareFor(share) {
  const { liveShare } = await lives();
  await liveShare(share, (progress) => process.send?.(progress));
}

/** @param {{ from: number, count: number, jobs: number }} options */
async function liveMany({ from, count, jobs }) {
  const startedAt = Date.now();
  let shownAt = startedAt;
  /** @type {{ seeds: number, counts: Record<string, number>, broken: Progress["broken"][number][] }} */
  const total = { seeds: 0, counts: {}, broken: [] };
  const shares = Array.from({ length: Math.min(jobs, count) }, (_, index) => {
    return liveElsewhere({ from: from + index, until: from + count, step: jobs }, (progress) => {
      total.seeds += progress.seeds;
      for (const [name, value] of Object.entries(progress.counts)) {
        total.counts[name] = (total.counts[name] ?? 0) + value;
      }
      total.broken.push(...progress.broken);
      if (!process.stderr.isTTY && Date.now() - shownAt < QUIET_MS && total.seeds < count) return;
      shownAt = Date.now();
      showProgress(total, { count, startedAt });
    });
  });
  await Promise.all(shares);
  summarise(total, (Date.now() - startedAt) / 1_000);
}

/**
 * Lives a share in a process of its own.
 *
 * @param {Share} share
 * @param {(progress: Progress) => void} onProgress
 * @returns {Promise<void>}
 */
function liveElsewhere(share, onProgress) {
  const env = { ...process.env, HOLDFAST_SIMULATE_SHARE: JSON.stringify(share) };
  const child = fork(fileURLToPath(import.meta.url), { env });
  child.on("message", (message) => onProgress(/** @type {Progress} */ (message)));
  return new Promise((resolve, reject) => {
    child.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`a process ended with ${code}`))));
  });
}

/**
 * @param {{ seeds: number, broken: readonly unknown[] }} total
 * @param {{ count: number, startedAt: number }} options
 */
function showProgress({ seeds, broken }, { count, startedAt }) {
  const rate = Math.round((seeds * 1_000) / Math.max(1, Date.now() - startedAt));
  const line = `${seeds} of ${count} seeds, ${rate}/s, ${broken.length} broken`;
  process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${line}` : `${line}\n`);
}

/**
 * @param {{ seeds: number, counts: Record<string, number>, broken: readonly Progress["broken"][number][] }} total
 * @param {number} seconds
 */
function summarise({ seeds, counts, broken }, seconds) {
  const rows = {
    seeds,
    "seeds a second": Math.round(seeds / seconds),
    events: counts["events"],
    "virtual hours": Math.round((counts["virtualMs"] ?? 0) / 36_000) / 100,
    runs: counts["turns"],
    admitted: counts["admitted"],
    receipts: counts["committed"],
    crashes: counts["crashes"],
    pauses: counts["pauses"],
    "orderly ends": counts["deploys"],
    "cut off": counts["cuts"],
    outages: counts["outages"],
    "clock jumps": counts["jumps"],
    rollbacks: counts["rollbacks"],
    fenced: counts["fenced"],
    "joined a run": counts["joined"] ?? 0,
    "let go on": counts["resumed"] ?? 0,
    merged: counts["merged"] ?? 0,
    "repeats recognised": (counts["repeats"] ?? 0) + (counts["deduplicated"] ?? 0),
    "broken lives": broken.length,
  };
  if (process.stderr.isTTY) process.stderr.write("\n");
  for (const [name, value] of Object.entries(rows)) process.stdout.write(`${name.padEnd(20)} ${value}\n`);
  for (const { seed, complaints } of broken.slice(0, 20)) {
    process.stdout.write(`\nseed ${seed}: ${complaints[0]}\n  npm run simulate -- --seed ${seed}\n`);
  }
  if (broken.length > 0) process.exitCode = 1;
}
