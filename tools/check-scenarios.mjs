/**
 * `npm run scenarios`: plays every scenario on every store and prints, by area,
 * what is covered, failing, waived and missing. Ends with 1 when anything is
 * failing, missing or unknown.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, styleText } from "node:util";
import { findRedisServer, installHint } from "./redis-binary.mjs";
import { reportScenarios, unknownIds, waiversOf } from "./scenarios.mjs";
import { fail, install, requireNode, runHere } from "./setup.mjs";

/** @typedef {import("./scenarios.mjs").Scenario} Scenario */
/** @typedef {import("./scenarios.mjs").TestResult} TestResult */
/** @typedef {import("./scenarios.mjs").AreaReport} AreaReport */

const HELP = `usage: npm run scenarios -- [options]

Plays the scenarios of data/scenarios on both stores and counts them by area.

  --results <file>  read the results of an earlier run (Vitest's JSON) instead of playing
  --help

  npm run scenarios
`;
const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "node_modules", ".cache", "holdfast-scenarios");
const COLUMNS = /** @type {const} */ (["covered", "failing", "waived", "missing"]);

process.chdir(root);
const options = readOptions();
if (options.help) process.stdout.write(HELP);
else await main(options.results);

/** @param {string | undefined} earlier */
async function main(earlier) {
  requireNode();
  await install();
  const results = readResults(earlier ?? (await play()));
  const scenarios = readScenarios();
  const waivers = waiversOf(readFileSync("docs/design/deviations.md", "utf8"));
  const areas = reportScenarios({ scenarios, results, waivers });
  const unknown = unknownIds({ scenarios, results });
  print(areas, unknown);
  const isWhole = areas.every(({ failing, missing }) => failing.length + missing.length === 0);
  if (!isWhole || unknown.length > 0) process.exitCode = 1;
}

function readOptions() {
  try {
    return parseArgs({ options: { results: { type: "string" }, help: { type: "boolean", default: false } } }).values;
  } catch (error) {
    return fail(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
  }
}

/** Runs the suites; a failing test is a result, not an end. */
async function play() {
  if (process.env["HOLDFAST_TEST_REDIS_URL"] === undefined && findRedisServer() === null) fail(installHint);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "results.json");
  rmSync(file, { force: true });
  await runHere([
    "node_modules/vitest/vitest.mjs",
    "run",
    "--project",
    "unit",
    "--project",
    "redis",
    "--reporter",
    "default",
    "--reporter",
    "json",
    "--outputFile",
    file,
    "test/scenarios/",
  ]);
  return file;
}

/**
 * @param {string} file
 * @returns {TestResult[]}
 */
function readResults(file) {
  /** @type {{ testResults: { name: string, assertionResults: { title: string, status: string }[] }[] }} */
  const { testResults } = JSON.parse(readFileSync(file, "utf8"));
  return testResults.flatMap(({ name, assertionResults }) => {
    const store = name.includes("/store-redis/") ? "redis" : "memory";
    return assertionResults.map(({ title, status }) => ({ store, title, hasPassed: status === "passed" }));
  });
}

/** @returns {Scenario[]} */
function readScenarios() {
  const files = readdirSync("data/scenarios").filter((name) => name.endsWith(".json"));
  return files.flatMap((name) => JSON.parse(readFileSync(join("data/scenarios", name), "utf8")));
}

/**
 * @param {readonly AreaReport[]} areas
 * @param {readonly string[]} unknown
 */
function print(areas, unknown) {
  const width = Math.max(...areas.map(({ area }) => area.length));
  const line = (/** @type {string} */ name, /** @type {readonly unknown[]} */ cells) =>
    `${name.padEnd(width)} ${cells.map((cell) => String(cell).padStart(8)).join(" ")}\n`;
  process.stdout.write(`\n${line("area", COLUMNS)}`);
  for (const report of areas) {
    process.stdout.write(
      line(
        report.area,
        COLUMNS.map((column) => report[column].length),
      ),
    );
  }
  const total = COLUMNS.map((column) => areas.reduce((sum, report) => sum + report[column].length, 0));
  process.stdout.write(styleText("bold", line("total", total)));
  for (const column of ["failing", "missing"]) {
    const ids = areas.flatMap((report) => report[/** @type {"failing" | "missing"} */ (column)]);
    if (ids.length > 0) process.stdout.write(`${column}: ${ids.join(" ")}\n`);
  }
  if (unknown.length > 0) process.stdout.write(`no such scenario: ${unknown.join(" ")}\n`);
}
