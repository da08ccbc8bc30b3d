import type { InputId } from "@holdfast/contracts";
import type { Turn } from "@holdfast/runtime";

/** An attempt as its executor saw it. */
export interface TurnRecord {
  readonly turn: Pick<Turn, "ref" | "runId" | "attempt" | "fence" | "resumed">;
  readonly inputIds: readonly InputId[];
  /** What its inbox gave, in order. */
  readonly joined: InputId[];
  /** What the journaled step of the turn returned; `null` when it had none or got no answer. */
  step: string | null;
}
