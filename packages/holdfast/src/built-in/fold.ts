/**
 * Executors whose state proves what they were given: a hash chain over every
 * input, in order. Anyone who knows the inputs can compute the chain, and sees
 * an input that is missing, doubled or out of place.
 *
 *   chain(0) = ""
 *   chain(n) = sha256_hex(chain(n-1) + "\n" + key + "\n" + text)
 *
 * where key is the input's idempotency key, or its id without one.
 */
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Input } from "@holdfast/contracts";
import type { Executor, Turn } from "@holdfast/runtime";
import { textOf } from "./text-of.ts";

/** State and output of the folding executors. */
export interface Folded {
  /** Inputs folded so far. */
  readonly count: number;
  /** Hex, or empty before the first input. */
  readonly chain: string;
}

/** Folds one prompt a turn. */
export const fold: Executor = folding("fold", 1);

/** Folds up to a hundred prompts a turn; the chain is the same as one by one. */
export const foldBatching: Executor = folding("fold-batch", 100);

const MOMENT_MS = 15;

/** Folds one prompt a turn and takes a moment for it, so that an interrupt finds something to cut short. */
export const foldSlowly: Executor = folding("fold-slowly", 1, async ({ signal }) => {
  await sleep(MOMENT_MS, undefined, { signal });
});

function folding(name: string, maxBatch: number, before: (turn: Turn) => Promise<void> = async () => {}): Executor {
  return {
    name,
    version: "1",
    maxBatch,
    apply: async (turn) => {
      await before(turn);
      const { inputs, state } = turn;
      const folded = inputs.reduce(append, (state as Folded | null) ?? { count: 0, chain: "" });
      return { kind: "completed", state: { ...folded }, output: { ...folded } };
    },
  };
}

function append({ count, chain }: Folded, input: Input): Folded {
  const link = `${chain}\n${input.idempotencyKey ?? input.id}\n${textOf(input)}`;
  return { count: count + 1, chain: createHash("sha256").update(link).digest("hex") };
}
