import { describe, expect, it } from "vitest";
import { expectUnbroken, liveMany } from "./lives.ts";

const SEEDS = { from: 1, count: 10_000 };

describe("the runtime, whatever goes wrong around it", () => {
  it("keeps every promise once nothing goes wrong any more (G1, G2, G3, G4, G5, G6, G7, G8, G9, G10)", async () => {
    const { counts, broken } = await liveMany(SEEDS);

    expectUnbroken(broken);
    // A quiet life proves nothing: this much has to have happened.
    expect(counts.admitted).toBeGreaterThan(45_000);
    expect(counts.deduplicated).toBeGreaterThan(12_000);
    expect(counts.committed).toBeGreaterThan(35_000);
    expect(counts.repeats).toBeGreaterThan(4_500);
    expect(counts.fenced).toBeGreaterThan(2_500);
    expect(counts.rollbacks).toBeGreaterThan(2_000);
    expect(counts.crashes).toBeGreaterThan(5_000);
    expect(counts.pauses).toBeGreaterThan(7_000);
    expect(counts.deploys).toBeGreaterThan(1_000);
    expect(counts.cuts).toBeGreaterThan(2_000);
    expect(counts.outages).toBeGreaterThan(3_000);
    expect(counts.jumps).toBeGreaterThan(1_000);
    expect(counts.observedStates).toBeGreaterThan(350_000);
  }, 600_000);
});
