import type {
  BoundaryRef,
  CancelMode,
  FailureReport,
  InputId,
  InputStatus,
  NodeId,
  Outcome,
  PolicyDecision,
  Receipt,
  RunId,
  SessionEvent,
  SessionRef,
  Suspension,
} from "@holdfast/contracts";
import type { Page, PageQuery } from "./page.ts";
import type { SessionRecord } from "./session-directory.ts";

/**
 * Reads of what the ledger holds. Each answer is one consistent moment of one
 * session; nothing here writes.
 */
export interface Archive {
  /** One input, by its id. */
  findInput(ref: SessionRef, inputId: InputId): Promise<InputRecord | null>;

  /** A page of inputs in the order of admission. */
  listInputs(ref: SessionRef, query: PageQuery): Promise<Page<InputRecord>>;

  /** A receipt by its boundary, in a session that was unregistered too. */
  findReceipt(ref: SessionRef, boundary: BoundaryRef): Promise<Receipt | null>;

  /** A page of receipts by position. */
  listReceipts(ref: SessionRef, query: PageQuery): Promise<Page<Receipt>>;

  /** A page of stored facts by cursor, in a session that was unregistered too: its readers see its end (G12). */
  listEvents(ref: SessionRef, query: PageQuery): Promise<Page<StoredEvent>>;

  /** The committed state as canonical JSON; `null` when nothing was committed yet. */
  findState(ref: SessionRef): Promise<{ readonly state: string | null; readonly position: number } | null>;

  /** Everything `explain` goes by, or `null` for an unknown session. */
  explainFacts(ref: SessionRef): Promise<ExplainFacts | null>;

  /** Inputs that ended with their budget spent, oldest first. */
  listDeadLetters(ref: SessionRef, query: PageQuery): Promise<Page<InputRecord>>;
}

/** An input as the store keeps it, and where it stands. Times are epoch milliseconds. */
export interface InputRecord {
  readonly inputId: InputId;
  readonly admission: number;
  readonly status: InputStatus;
  readonly policy: PolicyDecision;
  readonly attempts: number;
  readonly failures: number;
  readonly losses: number;
  /** The run it belongs to, or was settled by. */
  readonly runId: RunId | null;
  /** Earliest time of the next attempt; 0 for at once. */
  readonly notBeforeAt: number;
  readonly admittedAt: number;
  /** When it last moved. */
  readonly changedAt: number;
  /** Cursor of the event of its admission. */
  readonly cursor: number;
  readonly failure: FailureReport | null;
  /** The dead letter it was made of, and what was made of it. */
  readonly redriveOf: InputId | null;
  readonly redrivenBy: InputId | null;
  /** Set exactly when the status is terminal. */
  readonly outcome: Outcome | null;
  /** Canonical JSON of the input. */
  readonly payload: string;
}

/** A fact as the store keeps it: what readers are told of it follows from it alone. */
export interface StoredEvent {
  readonly cursor: number;
  readonly at: number;
  readonly event: SessionEvent;
  /** Cursor of the fact this one followed from. */
  readonly cause?: number;
  /**
   * As senders named their inputs: one for each input of the fact, in its order, empty for none; a single one
   * is that of all of them.
   */
  readonly correlationIds?: readonly string[];
}

/** What waits for a time. */
export interface NextTimed {
  /** An input, or a run that goes on. */
  readonly id: InputId | RunId;
  readonly at: number;
  readonly failures: number;
}

/** A session at one moment, as `explain` reads it. Times are epoch milliseconds of the store's clock. */
export interface ExplainFacts {
  readonly record: SessionRecord;
  readonly now: number;
  readonly run: {
    readonly runId: RunId;
    readonly attempt: number;
    readonly node: NodeId;
    readonly stagedAt: number;
    readonly leaseUntil: number;
    /** How it was asked to end; `null` while nobody did. */
    readonly cancelMode: CancelMode | null;
    /** When it was noted that nothing was seen of it for long; `null` while it was not. */
    readonly stalledAt: number | null;
  } | null;
  /** When somebody must look at the session next. */
  readonly dueAt: number | null;
  readonly fruitlessSweeps: number;
  /** Queued inputs that wake the session. */
  readonly waking: number;
  readonly isUnhosted: boolean;
  /** A script was torn while it wrote: the session is quarantined, and nobody looks at it. */
  readonly isTorn: boolean;
  /** The earliest input that waits for a time, or a run that goes on at one. */
  readonly nextTimed: NextTimed | null;
  /** Inputs of runs that wait to go on, and how many of those runs wait for nothing but a worker. */
  readonly parked: number;
  readonly continued: number;
  /** Some of the oldest suspended runs, as far as a short look finds them. */
  readonly suspended: readonly SuspendedRun[];
}

/** A run that waits outside a worker. */
export interface SuspendedRun {
  readonly runId: RunId;
  readonly on: Suspension;
}
