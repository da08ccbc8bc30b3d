import type { CallsPerMessage, CpuPerMessage } from "../rows/alternate.ts";
import type { Spread } from "./spread.ts";

/** What a row is held to: a bound on its ratio, or on our own value where there is no baseline. */
export type Target = { readonly atLeast: number } | { readonly atMost: number };

/** What a row's values are. */
export type Unit = "messages/s" | "ms" | "µs" | "bytes" | "calls";

/** One line of the table. */
export interface RowResult {
  readonly id: string;
  readonly title: string;
  readonly unit: Unit;
  readonly ours: Spread;
  readonly baseline: { readonly name: string; readonly value: Spread } | null;
  /** Ours as a multiple of the baseline; `null` without one. */
  readonly ratio: Spread | null;
  /** `null` for what is measured and not promised. */
  readonly target: Target | null;
  readonly cpu?: { readonly ours: CpuPerMessage; readonly baseline: CpuPerMessage };
  readonly calls?: { readonly ours: CallsPerMessage; readonly baseline: CallsPerMessage };
}

/** One count that depends on no clock. */
export interface CountResult {
  readonly id: string;
  readonly title: string;
  readonly ours: number;
  /** The same of plain BullMQ, where it has it. */
  readonly bullmq: number | null;
  readonly digits: number;
  readonly target: Target | null;
}

/** What one run found. */
export interface BenchResult {
  readonly takenAt: string;
  readonly commit: string;
  readonly machine: string;
  readonly server: string;
  readonly durability: string;
  readonly rounds: number;
  readonly isQuick: boolean;
  readonly rows: readonly RowResult[];
  readonly counts: readonly CountResult[];
}

/** How far a measured value may miss its target before a gate takes it for more than noise. */
export const NOISE_BAND = 0.15;

/** Whether a value keeps its target; `null` when there is none. */
export function isMet(value: number, target: Target | null, band = 0): boolean | null {
  if (target === null) return null;
  if ("atLeast" in target) return value >= target.atLeast * (1 - band);
  return value <= target.atMost * (1 + band);
}

/** What a row's target is about. */
export function judgedValue({ ratio, ours }: RowResult): number {
  return (ratio ?? ours).median;
}
