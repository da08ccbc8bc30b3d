/**
 * Checks who imports whom (`.dependency-cruiser.mjs`).
 *
 * A tool that sees nothing finds nothing wrong, so the number of modules seen
 * has a floor. It is kept in `tools/layers-floor.json`; `--record` raises it.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cruise } from "dependency-cruiser";
import config, { layers } from "../.dependency-cruiser.mjs";

const floorFile = new URL("layers-floor.json", import.meta.url);
const root = new URL("..", import.meta.url);
process.chdir(new URL(".", root).pathname);

const sources = ["packages", "apps"]
  .flatMap((folder) => readdirSync(folder).map((name) => `${folder}/${name}/src`))
  .filter((source) => existsSync(source));
const undeclared = sources.map((source) => source.slice(0, -"/src".length)).filter((name) => !(name in layers));

const { forbidden = [], options = {} } = config;
const result = await cruise(sources, { ...options, ruleSet: { forbidden }, validate: true });
if (typeof result.output === "string") throw new Error(result.output);
const { modules, summary } = result.output;
const seen = modules.filter((module) => sources.some((source) => module.source.startsWith(`${source}/`))).length;
const floor = JSON.parse(readFileSync(floorFile, "utf8")).modules;

const complaints = [
  ...undeclared.map((name) => `${name}: not in the table of .dependency-cruiser.mjs`),
  ...summary.violations.map(({ rule, from, to, cycle }) => {
    const path = cycle ? cycle.map((step) => step.name).join(" -> ") : to;
    return `${from} -> ${path}: ${rule.name}`;
  }),
];
if (seen < floor) complaints.push(`saw ${seen} modules, and has seen ${floor} before`);

for (const complaint of complaints) console.error(`layers: ${complaint}`);
console.log(
  `layers: ${seen} modules, ${summary.totalDependenciesCruised} dependencies, ${complaints.length} complaints`,
);
if (process.argv.includes("--record")) writeFileSync(floorFile, `${JSON.stringify({ modules: seen }, null, 2)}\n`);
else if (complaints.length > 0) process.exitCode = 1;
