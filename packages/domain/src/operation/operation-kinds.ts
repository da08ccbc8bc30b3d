import type { OperationKind, OperationLimits, OperationOutcome } from "@holdfast/contracts";

/** What follows from the kind of an operation. */
export interface OperationKindRule {
  /** It is an agent that becomes a peer of the session. */
  readonly isPeerExpected: boolean;
  /** Its end wakes a session at rest. A child agent does not need that: it answers as a peer. */
  readonly isWaking: boolean;
}

/** The rules of every kind. */
export const OPERATION_KIND_RULES: Readonly<Record<OperationKind, OperationKindRule>> = {
  mob_member_child: { isPeerExpected: true, isWaking: false },
  background_tool_op: { isPeerExpected: false, isWaking: true },
  background_tool_capacity_slot: { isPeerExpected: false, isWaking: false },
  detached_job_wait: { isPeerExpected: false, isWaking: false },
};

/** Ended operations that a session keeps unless its settings say otherwise. */
export const DEFAULT_MAX_COMPLETED = 256;

/** Why the outcome of an operation is not known: the process it ran in is gone. */
export const OWNER_LOST = "owner_lost";

/** What is known of an operation whose process is gone. */
export const LOST_WITH_OWNER: OperationOutcome = { kind: "terminated", reason: OWNER_LOST };

/** The same, as stores keep it: canonical JSON. */
export const LOST_OUTCOME = JSON.stringify(LOST_WITH_OWNER);

/** Why an operation ended with the life of its registry. */
export const REGISTRY_ENDED = "registry_ended";

/** Completions that every feed keeps. */
export const LEAST_FEED = 1_024;

/** How many completions a feed keeps for each operation that is kept. */
export const FEED_PER_COMPLETED = 4;

/** How many completions the feed keeps. */
export function feedCapacity(limits: Pick<OperationLimits, "maxCompleted">): number {
  return Math.max(FEED_PER_COMPLETED * limits.maxCompleted, LEAST_FEED);
}
