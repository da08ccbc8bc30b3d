import { describe, it } from "vitest";
import { expectEventful, expectUnbroken, liveMany } from "./lives.ts";

const SEEDS = { from: 1, count: 10_000 };

describe("the runtime, whatever goes wrong around it", () => {
  it("keeps every promise once nothing goes wrong any more (G1, G2, G3, G4, G5, G6, G7, G8, G9, G10)", async () => {
    const { counts, broken } = await liveMany(SEEDS);

    expectUnbroken(broken);
    expectEventful(counts);
  }, 600_000);
});
