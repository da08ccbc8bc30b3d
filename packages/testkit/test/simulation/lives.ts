import { createMemoryStore } from "@holdfast/store-memory";
import {
  type SimulationCounts,
  type SimulationOptions,
  type SimulationResult,
  simulate,
} from "@holdfast/testkit/simulation";
import { expect } from "vitest";

/** Simulates a life over the memory store. */
export function live(seed: number, options: Partial<SimulationOptions> = {}): Promise<SimulationResult> {
  return simulate(seed, { openStore: (store) => createMemoryStore(store), ...options });
}

/** A life in which something was broken. */
export interface BrokenLife {
  readonly seed: number;
  readonly result: SimulationResult;
}

/** The runner of the tests must hear from this process now and then. */
const BREATHE_EVERY = 20;

/** Simulates one life after the other, and adds up what was counted. */
export async function liveMany(
  seeds: { readonly from: number; readonly count: number },
  options: Partial<SimulationOptions> & { readonly isEnough?: (broken: readonly BrokenLife[]) => boolean } = {},
): Promise<{ readonly counts: SimulationCounts; readonly broken: readonly BrokenLife[] }> {
  const { isEnough = () => false, ...simulation } = options;
  const counts: Record<string, number> = {};
  const broken: BrokenLife[] = [];
  for (let seed = seeds.from; seed < seeds.from + seeds.count && !isEnough(broken); seed += 1) {
    const result = await live(seed, simulation);
    for (const [name, count] of Object.entries(result.counts)) counts[name] = (counts[name] ?? 0) + count;
    if (result.violations.length > 0) broken.push({ seed, result });
    if (seed % BREATHE_EVERY === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return { counts: counts as unknown as SimulationCounts, broken };
}

/** Fails with what was broken and how to see it. */
export function expectUnbroken(broken: readonly BrokenLife[]): void {
  const complaints = broken.slice(0, 10).map(({ seed, result }) => {
    const [first] = result.violations;
    return `${first?.guarantee} ${first?.text} (npm run simulate -- --seed ${seed})`;
  });
  expect(complaints).toEqual([]);
}

/** What ten thousand lives come to at least: a quiet life proves nothing. */
const LEAST = {
  admitted: 48_000,
  deduplicated: 12_000,
  committed: 37_000,
  repeats: 4_500,
  joined: 200,
  resumed: 300,
  merged: 380,
  fenced: 2_800,
  rollbacks: 2_000,
  crashes: 5_200,
  pauses: 7_200,
  deploys: 1_050,
  cuts: 2_100,
  outages: 3_100,
  jumps: 1_050,
  observedStates: 350_000,
} satisfies Partial<SimulationCounts>;

/** Fails when less than that has happened in ten thousand lives. */
export function expectEventful(counts: SimulationCounts): void {
  const quiet = (Object.keys(LEAST) as (keyof typeof LEAST)[]).filter((name) => counts[name] <= LEAST[name]);
  expect({ quiet, counts }).toEqual({ quiet: [], counts });
}
