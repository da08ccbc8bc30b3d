import type { NodeId, RunId } from "@holdfast/contracts";

/** Whom to tell that a run must end. */
export interface AbortNotice {
  readonly node: NodeId;
  readonly runId: RunId;
  readonly reason: "cancelled" | "rolled_back" | "stopped";
}
