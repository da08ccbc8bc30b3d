import type { CancelMode } from "@holdfast/contracts";

/** How much each mode asks for. A run that was asked to end is never asked for less afterwards. */
export const CANCEL_RANKS: Readonly<Record<CancelMode, number>> = { boundary: 1, interrupt: 2, rollback: 3 };

/** What a run is asked for after one more has asked: never less than before. */
export function raiseCancel(before: CancelMode | null, asked: CancelMode): CancelMode {
  return before !== null && CANCEL_RANKS[before] > CANCEL_RANKS[asked] ? before : asked;
}

/** What a run that ends at once is told, for each mode; one that ends at its boundary learns of it there. */
export function abortReasonOf(mode: CancelMode): "cancelled" | "rolled_back" {
  return mode === "rollback" ? "rolled_back" : "cancelled";
}
