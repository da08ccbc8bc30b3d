/**
 * Lives that `npm run simulate` asks for: one, told as a story, or many, counted.
 */
import { createMemoryStore } from "@holdfast/store-memory";
import { type SimulationResult, simulate } from "@holdfast/testkit/simulation";

/** What a process that lives many tells the one that asked. */
export interface Progress {
  readonly seeds: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly broken: readonly { readonly seed: number; readonly complaints: readonly string[] }[];
}

const REPORT_EVERY_MS = 1_000;

/** Every `step`th seed of a range. */
export interface Share {
  readonly from: number;
  readonly until: number;
  readonly step: number;
}

/** Lives a share of a range of seeds and reports every second. */
export async function liveShare({ from, until, step }: Share, report: (progress: Progress) => void): Promise<void> {
  let progress = nothing();
  let reportedAt = Date.now();
  for (let seed = from; seed < until; seed += step) {
    addTo(progress, seed, await live(seed));
    if (Date.now() - reportedAt < REPORT_EVERY_MS) continue;
    report(progress);
    progress = nothing();
    reportedAt = Date.now();
    await new Promise((resolve) => setImmediate(resolve));
  }
  report(progress);
}

/** One life as text: its plan, its history, what was broken. */
export async function tell(seed: number): Promise<{ readonly text: string; readonly isBroken: boolean }> {
  const result = await live(seed);
  const { troubles, orders, ...rest } = result.plan;
  const text = [
    `plan of seed ${seed}`,
    JSON.stringify(rest, null, 2),
    ...troubles.map((trouble) => `trouble ${JSON.stringify(trouble)}`),
    ...orders.map((order) => `order ${JSON.stringify(order)}`),
    "",
    "seconds    who    what",
    ...result.history(),
    "",
    ...complaintsOf(result),
    `history ${result.digest()}`,
  ];
  return { text: text.join("\n"), isBroken: result.violations.length > 0 };
}

function live(seed: number): Promise<SimulationResult> {
  return simulate(seed, { openStore: (options) => createMemoryStore(options) });
}

function complaintsOf({ violations }: SimulationResult): string[] {
  return violations.map(({ guarantee, text }) => `${guarantee} ${text}`);
}

interface Growing {
  seeds: number;
  readonly counts: Record<string, number>;
  readonly broken: { seed: number; complaints: string[] }[];
}

function nothing(): Growing {
  return { seeds: 0, counts: {}, broken: [] };
}

function addTo(progress: Growing, seed: number, result: SimulationResult): void {
  progress.seeds += 1;
  for (const [name, count] of Object.entries(result.counts)) {
    progress.counts[name] = (progress.counts[name] ?? 0) + count;
  }
  if (result.violations.length > 0) progress.broken.push({ seed, complaints: complaintsOf(result) });
}
