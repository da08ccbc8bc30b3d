import type { CancelMode } from "@holdfast/contracts";

/** How much each mode asks for. A run that was asked to end is never asked for less afterwards. */
export const CANCEL_RANKS: Readonly<Record<CancelMode, number>> = { boundary: 1, interrupt: 2, rollback: 3 };
