import { configDefaults, defineConfig } from "vitest/config";

const tests = (suffix: string) => [`packages/*/test/**/*${suffix}`, `apps/*/test/**/*${suffix}`];

/** Workspace packages are tested from source; what lies in `dist` plays no part. */
const conditions = ["@holdfast/source", "module", "node", "development|production"];

const shared = {
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ["@holdfast/source", "node"] } },
  // What Vitest itself loads: the global set-up.
  environments: { __vitest__: { resolve: { conditions } } },
};

/** Bounds for a test that hangs, far above what any needs on a slow machine; nothing asserts time. */
const limits = { testTimeout: 120_000, hookTimeout: 120_000 };

export default defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 2,
    reporters: ["default", "./tools/testing/floors.ts"],
    projects: [
      {
        ...shared,
        test: {
          name: "unit",
          ...limits,
          include: [...tests(".test.ts"), "tools/test/*.test.ts"],
          exclude: [...configDefaults.exclude, ...tests(".redis.test.ts")],
        },
      },
      {
        ...shared,
        test: {
          name: "redis",
          ...limits,
          include: tests(".redis.test.ts"),
          globalSetup: ["./tools/testing/redis-global-setup.ts"],
        },
      },
      { ...shared, test: { name: "e2e", ...limits, include: ["e2e/**/*.e2e.test.ts"] } },
    ],
  },
});
