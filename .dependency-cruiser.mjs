/**
 * Who may know whom. The table is the rule; everything below turns it into
 * rules for dependency-cruiser. `tools/check-layers.mjs` runs them and refuses
 * to pass over fewer modules than it has seen before.
 *
 * A workspace that is missing from the table may import nothing.
 */
import { readdirSync } from "node:fs";

/**
 * @typedef {object} Layer
 * @property {readonly string[]} workspace packages of this workspace it may import
 * @property {readonly string[]} outside packages of the registry it may import
 * @property {boolean} [pure] without `node:*`
 */

const core = ["contracts", "domain", "runtime"];

/** @type {Record<string, Layer>} */
export const layers = {
  "packages/contracts": { workspace: [], outside: ["zod"], pure: true },
  "packages/domain": { workspace: ["contracts"], outside: ["xstate", "canonicalize", "croner", "semver"], pure: true },
  "packages/runtime": { workspace: ["contracts", "domain"], outside: ["nanoid", "lru-cache"] },
  "packages/store-redis": { workspace: core, outside: ["ioredis", "msgpackr"] },
  "packages/store-memory": { workspace: core, outside: [] },
  "packages/redis-server": { workspace: ["contracts"], outside: [] },
  "packages/queue-bullmq": { workspace: core, outside: ["bullmq", "ioredis"] },
  "packages/http": { workspace: core, outside: ["fastify"] },
  "packages/testkit": { workspace: core, outside: ["fast-check", "vitest"] },
  "packages/holdfast": { workspace: [...core, "store-redis", "store-memory", "queue-bullmq"], outside: ["zod"] },
  "apps/api": { workspace: ["holdfast", "http"], outside: ["pino"] },
  "apps/worker": { workspace: ["holdfast"], outside: ["pino", "commander", "jiti"] },
  "apps/cli": { workspace: ["holdfast", "http", "redis-server"], outside: ["pino", "commander", "js-redis-server"] },
};

/** @type {"error"} */
const severity = "error";

const none = { workspace: [], outside: [] };

const workspaces = ["packages", "apps"].flatMap((root) =>
  readdirSync(new URL(root, import.meta.url), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => `${root}/${entry.name}`),
);

/** @param {readonly string[]} names */
const anyOf = (names) => `(${names.map((name) => name.replaceAll(".", "\\.")).join("|")})`;

/**
 * @param {string} workspace
 * @returns {import("dependency-cruiser").IForbiddenRuleType[]}
 */
function rulesOf(workspace) {
  /** @type {Layer} */
  const layer = layers[workspace] ?? none;
  const from = { path: `^${workspace}/src/` };
  const siblings = layer.workspace.map((name) => `packages/${name}`);
  /** @type {import("dependency-cruiser").DependencyType[]} */
  const builtin = ["core"];
  /** @type {import("dependency-cruiser").DependencyType[]} */
  const outside = ["npm", "npm-dev", "npm-optional", "npm-peer", "npm-bundled", "npm-no-pkg", "npm-unknown"];
  return [
    {
      name: `${workspace}: layer`,
      severity,
      from,
      to: {
        path: "^(packages|apps|e2e|bench|tools)/",
        // What npm could not hoist lies in the workspace itself; the next rule judges it.
        pathNot: [`^${anyOf([workspace, ...siblings])}/src/`, "/node_modules/"],
      },
    },
    {
      name: `${workspace}: outside`,
      severity,
      from,
      to: {
        dependencyTypes: outside,
        path: "node_modules/",
        pathNot: `node_modules/${anyOf(["@types", ...layer.outside])}/`,
      },
    },
    ...(layer.pure ? [{ name: `${workspace}: pure`, severity, from, to: { dependencyTypes: builtin } }] : []),
  ];
}

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    { name: "no-cycle", severity, from: {}, to: { circular: true } },
    { name: "resolvable", severity, from: {}, to: { couldNotResolve: true } },
    {
      name: "through-the-entry",
      comment: "A package is known by its exports; nobody reaches past them.",
      severity,
      from: { path: "^(packages|apps)/([^/]+)/src/" },
      to: {
        path: "^(packages|apps)/[^/]+/src/",
        pathNot: ["^$1/$2/src/", "^packages/[^/]+/src/index[.]ts$", "^packages/[^/]+/src/[^/]+/index[.]ts$"],
      },
    },
    {
      name: "declared",
      comment: "What is imported is in the manifest of the importer.",
      severity,
      from: { path: "^(packages|apps)/[^/]+/src/" },
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown", "npm-dev"] },
    },
    ...workspaces.flatMap(rulesOf),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["@holdfast/source", "import", "node", "default", "types"],
      extensions: [".ts", ".mjs", ".js", ".json"],
    },
  },
};
