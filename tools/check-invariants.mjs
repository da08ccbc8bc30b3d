/** `npm run invariants`: the rules of `invariants.mjs`, over the whole workspace. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { findInvariantFaults } from "./invariants.mjs";

const LEFT_OUT = new Set(["node_modules", "dist", "generated"]);
const SOURCE = /\.(ts|mjs|lua)$/;

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
const paths = ["packages", "apps", "e2e", "bench", "tools"].flatMap(sourcesIn);
const files = [...paths, "README.md", "ARCHITECTURE.md"].map((path) => ({ path, text: readFileSync(path, "utf8") }));
const faults = findInvariantFaults(files);
for (const fault of faults) console.error(`invariants: ${fault}`);
console.log(`invariants: ${files.length} files, ${faults.length} faults`);
if (faults.length > 0) process.exitCode = 1;

/**
 * @param {string} folder
 * @returns {string[]}
 */
function sourcesIn(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !LEFT_OUT.has(name))
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return sourcesIn(path);
      return SOURCE.test(entry.name) ? [path] : [];
    });
}
