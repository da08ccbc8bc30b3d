import type { NodeId, Signal } from "@holdfast/contracts";

/** Where a session stands toward a sender. */
export interface WakeHint {
  /** What to send; `none` while a run is in progress, unless attention was asked for. */
  readonly signal: Signal;
  readonly epoch: number;
  /** The worker that has the session warm, or holds it. */
  readonly node: NodeId | null;
  readonly executor: string | null;
}
