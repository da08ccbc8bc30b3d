/**
 * Mutation testing of `domain`: the rules that everything else executes. A mutant
 * that no test of `packages/domain` notices is a rule that nobody has written down.
 */
const options = {
  mutate: ["packages/domain/src/**/*.ts"],
  testRunner: "vitest",
  vitest: { configFile: "tools/gates/domain.vitest.config.ts" },
  coverageAnalysis: "perTest",
  plugins: [import.meta.resolve("@stryker-mutator/vitest-runner")],
  // The sandbox holds what the tests of `domain` read; everything else it takes from the workspace.
  ignorePatterns: [
    "/*",
    "!/packages",
    "/packages/*",
    "!/packages/domain",
    "!/tools",
    "/tools/*",
    "!/tools/gates",
    "!/tsconfig.base.json",
  ],
  tempDirName: ".stryker-tmp",
  incremental: true,
  incrementalFile: "node_modules/.cache/stryker-incremental.json",
  reporters: ["clear-text", "json"],
  jsonReporter: { fileName: "node_modules/.cache/mutation.json" },
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  concurrency: 1,
  thresholds: { high: 95, low: 85, break: 85 },
  allowEmpty: false,
};

export default options;
