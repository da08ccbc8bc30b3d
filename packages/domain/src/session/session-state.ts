import type { SessionPhase, SessionState } from "@holdfast/contracts";

/** What the state of a session is derived from. */
export interface SessionFacets {
  readonly phase: SessionPhase;
  /** An executor is bound. */
  readonly isBound: boolean;
  /** A run is staged. */
  readonly hasRun: boolean;
}

/**
 * What callers see of a session. Only `idle` is told apart: with a run it is
 * `running`, bound and at rest `attached`. Every other phase says more than its
 * run does and shows as itself.
 */
export function deriveState(facets: SessionFacets): SessionState {
  if (facets.phase !== "idle") return facets.phase;
  if (facets.hasRun) return "running";
  return facets.isBound ? "attached" : "idle";
}
