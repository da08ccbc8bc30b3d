/**
 * The ledger: the durable, ordered record of what a session was asked to do and
 * what came of it. The only truth there is; wakes and notifications are hints.
 *
 * Every implementation keeps these promises, and `describeLedger` of the
 * testkit proves them on each:
 *
 *   L1  One key, one input. A repeat gets the first answer and leaves nothing but
 *       the event that says so; the same key with another fingerprint is refused.
 *   L2  Inputs of a lane are first staged in the order of admission; steer
 *       before queue.
 *   L3  Staged before executed: a batch, its run id and its attempt are durable
 *       when `claim` or `advance` hands them out.
 *   L4  Fenced: a write of a run whose token, claim id or run id is not the
 *       current one is refused and changes nothing.
 *   L5  Safe to send twice: a repeat of claim or advance returns what the first
 *       call did, and stages nothing new.
 *   L6  Never stranded: while a session is runnable it is due at a finite time.
 *   L7  The store's clock decides: no time of a caller is compared with a lease.
 *
 * Outcomes a caller must expect are values with `kind`. A method rejects only
 * with `store.unavailable` (outcome unknown: repeat with the same ids) or
 * `store.corrupt`.
 */
import type {
  AbandonReason,
  Ack,
  Boundary,
  CancelMode,
  ClaimId,
  FailureReport,
  Fence,
  InputId,
  InputStatus,
  KindId,
  NodeId,
  Outcome,
  PolicyColumns,
  RunId,
  SessionPhase,
  SessionRef,
  SessionSettings,
  Suspension,
} from "@holdfast/contracts";
import type { AbortNotice } from "./abort-notice.ts";
import type { EndedNotice, RegistryChange } from "./operations.ts";
import type { WakeHint } from "./wake-hint.ts";

/** Every operation a worker or a sender performs on a session's ledger. */
export interface Ledger {
  /** Records an input once and says what to signal (L1). One round trip. */
  admit(command: AdmitCommand): Promise<AdmitReply>;

  /** Takes a session at rest, or one whose holder is dead, and stages its next batch (L3). */
  claim(command: ClaimCommand): Promise<ClaimReply>;

  /** Settles the staged attempt and, in the same step, stages the next batch or lets go (L4, L5). */
  advance(command: AdvanceCommand): Promise<AdvanceReply>;

  /** Extends all holds of a worker in one call. Succeeds after expiry too, if nobody claimed meanwhile. */
  renew(holds: readonly Hold[]): Promise<readonly RenewReply[]>;

  /** Takes up to `limit` overdue sessions and moves each a sweep delay on (L6). */
  sweep(limit: number): Promise<readonly DueRef[]>;

  /** What to do about one overdue session; counts a fruitless sweep and moves the wake epoch. */
  inspectDue(ref: SessionRef): Promise<DueReply>;

  /** Finishes at most a batch of the work a control verb left behind. */
  settleChores(ref: SessionRef): Promise<ChoresReply>;

  /** Answers with the outcome of an input, or notes that `node` wants to be told. */
  watch(command: WatchCommand): Promise<WatchReply>;
}

/** Something overdue: a session, or, beside it, its delivery inbox, its schedules or its blobs. */
export interface DueRef extends SessionRef {
  readonly part?: "inbox" | "schedules" | "blobs";
}

/** One input on its way into the ledger, with both policy columns. */
export interface AdmitCommand {
  readonly ref: SessionRef;
  readonly input: {
    readonly id: InputId;
    /** Derived from the user's key; equal to `id` unless the sender chose an id of its own. `null` without a key. */
    readonly keyedId: InputId | null;
    readonly fingerprint: string;
    readonly isPrompt: boolean;
    readonly isEphemeral: boolean;
    /** Scope within which it displaces an older queued input; `null` when it never does. */
    readonly scope: string | null;
    /** Epoch milliseconds before which it is not attempted; 0 for at once. */
    readonly notBeforeAt: number;
    /** As the sender named it, for its events; `null` for none. */
    readonly correlationId: string | null;
    /** Epoch milliseconds at which it ends unless it was staged; 0 for never. */
    readonly expiresAt: number;
    readonly kind: KindId;
    /** How long it waits for a newer one of its scope, and how long the first of the series at most; `null` not at all. */
    readonly debounce: { readonly windowMs: number; readonly maxWaitMs: number } | null;
    /** Canonical JSON of the whole input; opaque to the store. */
    readonly payload: string;
  };
  readonly columns: PolicyColumns;
  /**
   * What a `mergeable` answer was made into; `declined` queues the input by itself, `null` before there was one.
   */
  readonly merge: MergeOffer | "declined" | null;
  /** Revision of the settings the columns were resolved with. */
  readonly settingsRevision: number;
  /** The dead letter this input is made of; `null` for any other input. */
  readonly redriveOf: InputId | null;
  /** The process that waits for the outcome; told without having to watch. */
  readonly replyTo: NodeId | null;
  /**
   * Completions of detached work that it tells of: admitted only while the session is to be told, in the same step
   * that notes that it was. Absent for any other input.
   */
  readonly toldThrough?: number;
  /** Inputs that may be queued or wait for a time, this one with them; absent for no bound. */
  readonly maxPending?: number;
}

/** One input with the content of a queued one and of the one being admitted. */
export interface MergeOffer {
  /** The queued one, as a `mergeable` answer named it. */
  readonly queuedId: InputId;
  readonly id: InputId;
  /** Canonical JSON of the whole input. */
  readonly payload: string;
}

/** Memory that a server uses, and the limit that it refuses writes at. */
export interface MemoryUse {
  readonly usedBytes: number;
  readonly limitBytes: number;
}

/** What an admission came to; only `accepted` records an input, and `deduplicated` an event. */
export type AdmitReply =
  | {
      readonly kind: "accepted";
      readonly inputId: InputId;
      readonly admission: number;
      readonly column: "idle" | "live";
      readonly status: InputStatus;
      readonly wake: WakeHint;
      /** Inputs this one took the place of, and its own when it was merged; terminal as of this call. */
      readonly displaced: readonly SettledInput[];
      /** The run that was asked to end by this input's overlap policy, and who works on it. */
      readonly abort: AbortNotice | null;
      /** The input that carries its content on. */
      readonly mergedInto: InputId | null;
      readonly followers: readonly NodeId[];
      readonly cursor: number;
      readonly ack: Ack;
    }
  | {
      readonly kind: "deduplicated";
      readonly existingId: InputId;
      readonly admission: number;
      readonly status: InputStatus;
      readonly followers: readonly NodeId[];
      readonly cursor: number;
      readonly ack: Ack;
    }
  | { readonly kind: "mismatch"; readonly existingId: InputId }
  /** Its overlap policy refuses it while there is work; the run in progress, `null` for queued work alone. */
  | { readonly kind: "busy"; readonly runId: RunId | null }
  /** It may be merged with this queued input: admit it again with an offer, or decline. */
  | { readonly kind: "mergeable"; readonly queuedId: InputId; readonly payload: string }
  | { readonly kind: "refused"; readonly phase: SessionPhase }
  /** The input that should be redriven ended otherwise, or was redriven or discarded before. */
  | { readonly kind: "not_dead_letter"; readonly redrivenBy: InputId | null }
  | { readonly kind: "stale_settings"; readonly revision: number; readonly settings: SessionSettings }
  /** Somebody else told, or other work comes first. */
  | { readonly kind: "not_owed" }
  /** As many inputs wait as may, and it takes the place of none. */
  | { readonly kind: "session_full"; readonly pending: number }
  /** The server's memory is beyond the watermark: what the store has is finished first. */
  | ({ readonly kind: "store_full" } & MemoryUse)
  | { readonly kind: "missing" }
  | { readonly kind: "torn" };

/** What a worker brings to a claim or to the staging step of an advance. */
export interface StagingOffer {
  /** Used if the batch has no run yet. */
  readonly newRunId: RunId;
  /** Names of the executors hosted here. */
  readonly executors: readonly string[];
  readonly maxInputs: number;
  readonly maxBytes: number;
  /** Executors that take several prompts in one batch. */
  readonly batching: readonly string[];
  /** Ranges of versions that the executors hosted here lie in. A session bound to any other is `undecided`. */
  readonly ranges: readonly ExecutorRange[];
  /** A range that the executor hosted here does not lie in, while nobody else hosts one that does. */
  readonly declined: ExecutorRange | null;
}

/** An executor, in a range of versions. */
export interface ExecutorRange {
  readonly executor: string;
  readonly versions: string;
}

/** A worker asks for a session. */
export interface ClaimCommand {
  readonly ref: SessionRef;
  readonly claimId: ClaimId;
  readonly node: NodeId;
  /** Digest of the state this worker has cached, so that an unchanged state does not travel. */
  readonly cachedDigest: string | null;
  readonly offer: StagingOffer;
}

/** An input handed to an attempt. */
export interface StagedInput {
  readonly inputId: InputId;
  readonly admission: number;
  readonly attempts: number;
  readonly failures: number;
  readonly losses: number;
  readonly payload: string;
}

/** A durable staging: everything an attempt needs. */
export interface StagedBatch {
  readonly fence: Fence;
  readonly attempt: number;
  /** The boundary this attempt works toward, from 1. */
  readonly sequence: number;
  /** Receipts of the session so far. */
  readonly position: number;
  readonly previousDigest: string;
  readonly executor: string;
  readonly boundary: Boundary;
  readonly inputs: readonly StagedInput[];
  /** Steps an earlier attempt of this run has settled. */
  readonly journalEntries: number;
  /** Inputs of earlier boundaries of this run; they are not handed out again (G11). */
  readonly applied: readonly InputId[];
  /** The most failures any of those has been charged with. */
  readonly appliedFailures: number;
  /** Canonical JSON that the run kept from its last boundary, and that it was resumed with; `null` for none. */
  readonly kept: { readonly data: string | null; readonly value: string | null };
}

/** The session's state as bytes, or a note that the cached one is current. */
export type StateReply = { readonly kind: "cached" } | { readonly kind: "stored"; readonly state: string | null };

/** What a claim came to; only `staged` gives the session to the worker. */
export type ClaimReply =
  | {
      readonly kind: "staged";
      readonly batch: StagedBatch;
      readonly state: StateReply;
      /** Inputs a dead attempt ended, for their waiters. */
      readonly settled: readonly SettledInput[];
      readonly followers: readonly NodeId[];
      readonly cursor: number;
    }
  | { readonly kind: "busy"; readonly leaseUntil: number }
  /** A control verb left work behind: settle it first. */
  | { readonly kind: "chores" }
  /** The session is listed as unhosted, and looked at again later; `versions` is empty for any. */
  | {
      readonly kind: "not_hosted";
      readonly executor: string;
      readonly versions: string;
      readonly followers: readonly NodeId[];
      readonly cursor: number;
    }
  /** The session is bound to a range that the offer says nothing of; nothing was written. */
  | { readonly kind: "undecided"; readonly executor: string; readonly versions: string }
  /** Nothing selectable; `dueAt` is when that may change. */
  | {
      readonly kind: "idle";
      readonly dueAt: number | null;
      /** It must be told of detached work that ended. */
      readonly isOwing: boolean;
      readonly settled: readonly SettledInput[];
      readonly followers: readonly NodeId[];
      readonly cursor: number;
    }
  | { readonly kind: "missing" }
  | { readonly kind: "torn" };

/** What a committed boundary leaves behind. */
export interface BoundaryCommit {
  /** Canonical JSON of the new state; `null` leaves it unchanged. */
  readonly state: string | null;
  readonly contentDigest: string;
  readonly conversationDigest: string | null;
  readonly messageCount: number;
  /** Digest of the receipt. */
  readonly digest: string;
}

/** What an attempt came to. A run that was asked to end leaves no receipt for a failure or a suspension. */
export type Settlement =
  | (BoundaryCommit & {
      readonly kind: "completed" | "cancelled";
      /** Canonical JSON of the output; `null` for none. */
      readonly output: string | null;
      /** The output names a tool that whoever waits must call. */
      readonly isCallbackPending: boolean;
    })
  | (BoundaryCommit & {
      readonly kind: "suspended";
      readonly on: Suspension;
      /** Canonical JSON of what the run keeps; `null` leaves it. */
      readonly data: string | null;
    })
  /** The contributors are those before `by`; it, and what joined the run since, is run next. */
  | (BoundaryCommit & { readonly kind: "superseded"; readonly by: InputId })
  | {
      readonly kind: "failed";
      readonly failure: FailureReport;
      /** What its inputs are told once no attempt is left. */
      readonly reason: Extract<AbandonReason, "max_attempts_exhausted" | "executor_not_progressing">;
      readonly isRetryable: boolean;
      readonly retryDelayMs: number;
      /** The executor named the time; it holds even for a first failure of a session with nothing else to do. */
      readonly isDelayExplicit: boolean;
    }
  /** An orderly hand-back; counts for nothing. */
  | { readonly kind: "released" }
  /** The run ends and leaves neither receipt nor state. */
  | { readonly kind: "rolled_back" };

/** What an attempt came to, with what must still be true for it to count. */
export interface AdvanceCommand {
  readonly ref: SessionRef;
  readonly node: NodeId;
  readonly fence: Fence;
  readonly sequence: number;
  readonly expectedPosition: number;
  readonly previousDigest: string;
  readonly attempt: number;
  readonly boundary: Boundary;
  readonly contributors: readonly InputId[];
  readonly settlement: Settlement;
  /** Digest over the settlement: tells a repeat from another's result for the same boundary. */
  readonly settlementDigest: string;
  /** What to stage with next, or `null` to let go. */
  readonly next: StagingOffer | null;
}

/** A terminal input and who waits for it. */
export interface SettledInput {
  readonly inputId: InputId;
  readonly outcome: Outcome;
  readonly nodes: readonly NodeId[];
}

/** How a hold goes on after a commit. */
export type NextStep =
  | { readonly kind: "staged"; readonly batch: StagedBatch }
  /**
   * Work is left that this hold does not take: a fresh wake carries `epoch`, to who hosts `executor`, to which the
   * session is bound by now; empty when it is bound to none.
   */
  | { readonly kind: "more"; readonly epoch: number; readonly dueAt: number; readonly executor: string }
  | { readonly kind: "idle"; readonly dueAt: number | null }
  /** At rest, and it must be told of detached work that ended; a sweeper does it otherwise. */
  | { readonly kind: "owing"; readonly dueAt: number }
  /** A repeat whose staged batch somebody else has taken since. */
  | { readonly kind: "lost" };

/** What an advance came to; only `committed` wrote anything, once however often it is sent. */
export type AdvanceReply =
  | {
      readonly kind: "committed";
      readonly isRepeat: boolean;
      readonly position: number;
      readonly committedAt: number;
      readonly settled: readonly SettledInput[];
      readonly next: NextStep;
      readonly followers: readonly NodeId[];
      readonly cursor: number;
      readonly ack: Ack;
    }
  | { readonly kind: "fenced" }
  | { readonly kind: "conflict"; readonly position: number }
  | { readonly kind: "missing" }
  | { readonly kind: "torn" };

/** A session under the claim that took it. */
export interface Hold {
  readonly ref: SessionRef;
  readonly claimId: ClaimId;
}

/** The run that was asked to end, and how. */
export interface CancelRequest {
  readonly runId: RunId;
  readonly mode: CancelMode;
}

/** Whether the lease was extended, and the run that was asked to end. */
export type RenewReply =
  | {
      readonly kind: "renewed";
      readonly cancel: CancelRequest | null;
      /** An input asked for attention since the run last looked into its inbox. */
      readonly isAttentionAsked: boolean;
    }
  | { readonly kind: "lost" };

/** What an overdue session needs. */
export type DueReply =
  /** Wake it; with too many fruitless sweeps, run it directly. */
  | {
      readonly kind: "wake";
      readonly epoch: number;
      readonly sweeps: number;
      readonly executor: string;
      readonly node: NodeId | null;
    }
  | { readonly kind: "chores" }
  /** Somebody must see to its removal. */
  | { readonly kind: "unregistering" }
  /** At rest, and it must be told of detached work that ended. */
  | { readonly kind: "owing" }
  /** Only an operator can put it right; it is not due any more. */
  | { readonly kind: "torn" }
  /** Not due any more. */
  | { readonly kind: "nothing" };

/** What a batch of chores settled, and whether some are left. */
export interface ChoresReply {
  readonly kind: "more" | "done";
  readonly settled: readonly SettledInput[];
  /** Operations that ended with their registry's life, and the wait that did. */
  readonly ended: readonly EndedNotice[];
  readonly endedWait: RegistryChange["satisfied"];
  readonly followers: readonly NodeId[];
  readonly cursor: number;
}

/** An input, and who wants to be told how it ends. */
export interface WatchCommand {
  readonly ref: SessionRef;
  readonly inputId: InputId;
  /** The process to tell; `null` to only ask. */
  readonly node: NodeId | null;
}

/** Where an input stands. */
export type WatchReply =
  | { readonly kind: "settled"; readonly outcome: Outcome }
  | { readonly kind: "watching"; readonly status: InputStatus }
  /**
   * No such input; `phase` is `null` when there is no such session either. With the
   * session removed, `outcome` says how the input had ended.
   */
  | { readonly kind: "missing"; readonly phase: SessionPhase | null; readonly outcome?: Outcome };
