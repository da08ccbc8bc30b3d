import type { Executor } from "@holdfast/runtime";
import { textOf } from "./text-of.ts";

/** Answers with what it was told and counts its turns: `{turns}`. For trying things out. */
export const echo: Executor = {
  name: "echo",
  version: "1",
  maxBatch: 1,
  apply: async ({ inputs, state }) => ({
    kind: "completed",
    state: { turns: turnsOf(state) + 1 },
    output: inputs.map(textOf).join("\n"),
  }),
};

function turnsOf(state: unknown): number {
  return (state as { readonly turns: number } | null)?.turns ?? 0;
}
