import type { InputId } from "@holdfast/contracts";
import type { Turn } from "@holdfast/runtime";

/** An attempt as its executor saw it. */
export interface TurnRecord {
  readonly turn: Pick<Turn, "ref" | "runId" | "attempt" | "fence">;
  readonly inputIds: readonly InputId[];
  /** What the journaled step of the turn returned; `null` when it had none or got no answer. */
  step: string | null;
}
