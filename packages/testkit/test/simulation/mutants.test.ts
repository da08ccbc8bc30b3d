import { describe, expect, it } from "vitest";
import { liveMany } from "./lives.ts";
import { MUTANTS } from "./mutants.ts";

describe("a broken promise is noticed", () => {
  for (const { name, breaks, withinSeeds, mutate } of MUTANTS) {
    it(`${name}: within ${withinSeeds} seeds (${breaks})`, async () => {
      const { broken } = await liveMany(
        { from: 1, count: withinSeeds },
        {
          mutate,
          isEnough: (lives) =>
            lives.some(({ result }) => result.violations.some(({ guarantee }) => guarantee === breaks)),
        },
      );

      const noticed = broken.flatMap(({ result }) => result.violations.map(({ guarantee }) => guarantee));
      expect(noticed).toContain(breaks);
    }, 120_000);
  }
});
