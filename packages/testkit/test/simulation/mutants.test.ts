import type { Violation } from "@holdfast/testkit/simulation";
import { describe, expect, it } from "vitest";
import { liveMany } from "./lives.ts";
import { MUTANTS } from "./mutants.ts";

describe("a broken promise is noticed", () => {
  for (const { name, breaks, says = "", from = 1, withinSeeds, mutate } of MUTANTS) {
    it(`${name}: within ${withinSeeds} seeds from ${from} (${breaks})`, async () => {
      const isIt = ({ guarantee, text }: Violation) => guarantee === breaks && text.includes(says);
      const { broken } = await liveMany(
        { from, count: withinSeeds },
        {
          mutate,
          isEnough: (lives) => lives.some(({ result }) => result.violations.some(isIt)),
        },
      );

      const noticed = broken.flatMap(({ result }) => result.violations);
      expect(noticed.filter(isIt)).not.toEqual([]);
    }, 300_000);
  }
});
