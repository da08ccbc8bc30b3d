import type { InputStatus, Outcome, RunResolution } from "@holdfast/contracts";

/** What an input says of the run it was last in. */
export interface Witness {
  readonly status: InputStatus;
  /** `null` while it has not ended. */
  readonly outcome: Outcome | null;
}

/** What a run came to, by its witnesses in the order of admission. */
export function resolveRun(witnesses: readonly Witness[]): RunResolution {
  if (witnesses.length === 0) return { kind: "no_durable_witness" };
  if (witnesses.some(({ outcome }) => outcome === null)) return { kind: "in_flight" };
  if (witnesses.some(({ status }) => status === "consumed")) return { kind: "resolved", as: "consumed" };
  const abandoned = witnesses.flatMap(({ outcome }) => (outcome?.kind === "abandoned" ? [outcome] : []));
  const [first] = abandoned;
  return first === undefined
    ? { kind: "resolved", as: "displaced" }
    : { kind: "resolved", as: "abandoned", reason: first.reason };
}
