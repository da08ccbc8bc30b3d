import type { AbandonReason, InputId, KindId, Lane, NodeId, OperationId, RunId, WaitId } from "@holdfast/contracts";

/** Bounded work that an operation left behind. */
export type Chore =
  | RetainChore
  | EndChore
  | DropChore
  | JournalChore
  | OperationsChore
  | StripChore
  | ResumeChore
  | PurgeChore
  | ReplaceChore;

/** Trims what is above the retention, through these numbers. */
export interface RetainChore {
  readonly kind: "retain";
  readonly generation: number;
  readonly events: number;
  readonly inputs: number;
  /** Where the ring of inputs that were passed ended. */
  readonly leftTo: number;
}

/** Settles the inputs of an ended generation. */
export interface EndChore {
  readonly kind: "end";
  readonly generation: number;
  readonly reason: AbandonReason;
  readonly lanes: Readonly<Record<Lane, { from: number; readonly to: number }>>;
  /** Of those that wait for a time, how many are left and how many newer ones were passed. */
  scheduled: number;
  from: number;
  staged: readonly InputId[];
  /** Parked runs: places after the first, up to the second. */
  parkFrom: number;
  readonly parkTo: number;
  /** Cursor of the fact that the work follows from. */
  readonly cause: number;
}

/** Ends the inputs that need not survive. */
export interface DropChore {
  readonly kind: "drop";
  readonly generation: number;
  readonly lanes: Readonly<Record<Lane, { from: number; readonly to: number }>>;
  /** The last admission that is meant. */
  readonly admitted: number;
  /** How many are still to be found. */
  left: number;
  /** Of those that wait for a time, how many were passed. */
  from: number;
}

/** Removes the journal of an ended run. */
export interface JournalChore {
  readonly kind: "journal";
  readonly generation: number;
  readonly runId: RunId;
  from: number;
  readonly to: number;
}

/** Removes the operations of an ended life, and tells whoever waits for them. */
export interface OperationsChore {
  readonly kind: "operations";
  readonly generation: number;
  readonly life: number;
  /** Operations in progress that are left, then completions. */
  slots: number;
  from: number;
  readonly to: number;
  /** The wait that ended with it. */
  readonly wait: { readonly waitId: WaitId; readonly node: NodeId } | null;
}

/** Strips operations of processes that are gone: runs that wait for them go on. */
export interface StripChore {
  readonly kind: "strip";
  readonly generation: number;
  readonly life: number;
  /** Operations in progress that are left to look at. */
  slots: number;
}

/** Lets runs go on that were suspended on an operation. */
export interface ResumeChore {
  readonly kind: "resume";
  readonly generation: number;
  readonly operationId: OperationId;
  runIds: readonly RunId[];
  /** How it ended, as canonical JSON. */
  readonly outcome: string;
}

/** Removes what a destroyed session leaves, but for its tombstone. */
export interface PurgeChore {
  readonly kind: "purge";
  readonly generation: number;
  /** The event that says so stays: it is the last thing a reader must see (G12). */
  readonly terminalCursor: number;
}

/** Ends what a newer input takes the place of. */
export interface ReplaceChore {
  readonly kind: "replace";
  readonly generation: number;
  readonly lane: Lane;
  from: number;
  readonly to: number;
  readonly inputKind: KindId;
  readonly by: InputId;
  /** Cursor of the fact that the work follows from. */
  readonly cause: number;
}
