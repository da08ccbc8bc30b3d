import type { FailureReport, PolicyDecision, RetryBudget, SessionRef, Timing } from "@holdfast/contracts";
import type { Clock, Store, StoredEvent } from "@holdfast/runtime";

/** A store in process that a simulation can look into and set back. */
export interface ModelStore {
  /** The same store as another node sees it. */
  connect(): Store;
  snapshot(): ModelSnapshot;
  /** Puts a copy back, as a server does that lost its latest writes. */
  restore(snapshot: ModelSnapshot): void;
  inspect(ref: SessionRef): ModelImage | null;
}

/** A copy of everything a store held; only the store reads it. */
export interface ModelSnapshot {
  readonly data: unknown;
}

/** Of a session's image, what a simulation goes by. */
export interface ModelImage {
  readonly phase: string;
  readonly generation: number;
  readonly position: number;
  readonly digest: string;
  readonly state: string | null;
  readonly dueAt: number | null;
  readonly hold: ModelHold | null;
  readonly chores: readonly unknown[];
  readonly inputs: readonly ModelInput[];
  readonly events: readonly StoredEvent[];
}

/** The staged run of a session. */
export interface ModelHold {
  readonly runId: string;
  readonly token: number;
  readonly claimId: string;
  readonly attempt: number;
  readonly sequence: number;
  readonly journal: number;
  readonly staged: readonly string[];
}

/** An input as its row says. */
export interface ModelInput {
  readonly inputId: string;
  readonly status: string;
  readonly policy: PolicyDecision;
  readonly failure: FailureReport | null;
}

/** Opens an empty store. */
export type OpenModelStore = (options: {
  readonly clock: Clock;
  readonly timing: Timing;
  readonly budget: RetryBudget;
}) => ModelStore;
