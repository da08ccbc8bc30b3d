import { defineConfig } from "vitest/config";

const conditions = ["@holdfast/source", "module", "node", "development|production"];

/** The tests of `domain`, as Stryker runs them in its sandbox. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ["@holdfast/source", "node"] } },
  test: { include: ["packages/domain/test/**/*.test.ts"], testTimeout: 120_000, reporters: ["dot"] },
});
