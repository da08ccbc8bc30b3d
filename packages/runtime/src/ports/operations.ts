/**
 * The registry of a session's background operations.
 *
 *   O6  One step: the status, the outcome, the count of those in progress, the
 *        completion, its place in the feed and the note that the session must be
 *        told are written together or not at all.
 *   O7  A refused call changes nothing.
 *   O8  Safe to send twice: a repeat, by its request id or with the same
 *        outcome, is answered as the first call was.
 *   O9  An operation somebody waits for together with others is kept until all
 *        of them have ended, whatever the bounds are.
 *   O10  An operation lives as long as the process it belongs to is heard of. One
 *        that is left behind is stripped: nobody knows what became of it, so it
 *        leaves without a completion, and whoever waits for it is told.
 *   O11  The epoch of a life of the registry is the first that was given to it,
 *        in whichever process; a session that was stopped begins another life.
 *   O12  A session has one wait for several operations at a time; it ends when it
 *        is satisfied, given up, or no longer kept up.
 *   O13  A cursor never goes back, and outlives every process.
 *   O18  A run that is suspended on an operation goes on once, with how that
 *        ended: in the step that ends it, when it ended before, and when its
 *        process is gone without anybody asking. The session is told of that end
 *        in no other way.
 *
 * Every call names the epoch it is about; `ended` answers one of another life, a
 * destroyed session included. Rejects with `session.torn`.
 */
import type {
  CompletionPage,
  EpochId,
  NodeId,
  OperationAction,
  OperationCursors,
  OperationId,
  OperationKind,
  OperationOutcome,
  OperationSnapshot,
  OperationSpec,
  OperationStatus,
  RequestId,
  SessionPhase,
  SessionRef,
  WaitId,
} from "@holdfast/contracts";
import type { WakeHint } from "./wake-hint.ts";

/** The registry's writes. */
export interface Operations {
  /**
   * Creates the registry or finds it, strips what gone processes left behind (O10), and notes that `node` is heard
   * of. One step of bounded length: with `nextSlot`, call again.
   */
  open(command: OpenOperationsCommand): Promise<OpenOperationsReply>;

  /** Begins an operation that belongs to `node`. */
  register(command: RegisterOperationCommand): Promise<RegisterOperationReply>;

  /** Takes an operation from one status to the next (O6). */
  move(command: MoveOperationCommand): Promise<MoveOperationReply>;

  /** Terminates up to a hundred operations in progress; `left` says how many there still are. */
  terminate(command: TerminateOperationsCommand): Promise<TerminateOperationsReply>;

  /** Answers with how an operation ended, or notes how many in a process wait for that. */
  watch(command: WatchOperationCommand): Promise<WatchOperationReply>;

  /** Begins, keeps up or gives up the wait for several operations (O12). */
  waitAll(command: WaitAllCommand): Promise<WaitAllReply>;

  /** Removes up to a hundred ended operations up to a completion; what the feed says of them stays. */
  collect(ref: RegistryRef, through: number): Promise<CollectReply>;

  /** Notes how far the agent has come (O13); never beyond the feed. */
  advanceCursor(ref: RegistryRef, agentApplied: number): Promise<CursorsReply>;
}

/** The registry's reads. An ended or unknown registry has nothing. */
export interface OperationArchive {
  /** Where the current life of the registry stands, or `null` when nobody has opened it. */
  findRegistry(ref: SessionRef): Promise<RegistryRecord | null>;

  /** One operation, or `null`. */
  find(ref: SessionRef, operationId: OperationId): Promise<OperationSnapshot | null>;

  /** Every operation that is in progress or kept, in order of registration. */
  list(ref: SessionRef): Promise<readonly OperationSnapshot[]>;

  /** Kept operations that have ended, in order of completion, with their completions' sequences. */
  listEnded(ref: SessionRef): Promise<readonly EndedOperation[]>;

  /** At most `limit` completions after a cursor, and where the feed stands, of one moment. */
  listCompletions(ref: SessionRef, query: { readonly after: number; readonly limit: number }): Promise<CompletionPage>;
}

/** One life of a session's registry. */
export interface RegistryRef {
  readonly ref: SessionRef;
  readonly epochId: EpochId;
}

/** A life of a registry, as the store keeps it. */
export interface RegistryRecord {
  readonly epochId: EpochId;
  readonly active: number;
  /** Sequence of the last completion. */
  readonly watermark: number;
  readonly cursors: OperationCursors;
  /** How often the session was told of detached work that ended. */
  readonly tellings: number;
}

/** An operation that has ended, and the completion it ended with. */
export interface EndedOperation {
  readonly seq: number;
  readonly operation: OperationSnapshot;
}

/** Whom to tell that an operation ended. */
export interface EndedNotice {
  readonly operationId: OperationId;
  readonly nodes: readonly NodeId[];
}

/** What a change of the registry has to tell. */
export interface RegistryChange {
  readonly ended: readonly EndedNotice[];
  /** The wait that is satisfied, and whom to tell. */
  readonly satisfied: { readonly waitId: WaitId; readonly node: NodeId } | null;
  readonly followers: readonly NodeId[];
  readonly cursor: number;
}

/** Where every write may find that its registry is not there. */
export type RegistryGone = { readonly kind: "ended" };

/** Who takes part. */
export interface OpenOperationsCommand {
  readonly ref: SessionRef;
  readonly node: NodeId;
  /** Of the registry, if nobody has opened it in this life. */
  readonly epochId: EpochId;
  /** Where to go on stripping; 0 to begin. */
  readonly fromSlot: number;
}

/** The registry as it stands. */
export type OpenOperationsReply =
  | {
      readonly kind: "open";
      readonly epochId: EpochId;
      readonly watermark: number;
      readonly cursors: OperationCursors;
      /** 0 when nothing is left to strip. */
      readonly nextSlot: number;
      /** Operations of `node` in progress. */
      readonly owned: number;
      readonly change: RegistryChange;
    }
  | { readonly kind: "refused"; readonly phase: SessionPhase }
  | { readonly kind: "missing" };

/** An operation that begins. */
export interface RegisterOperationCommand extends RegistryRef {
  readonly operationId: OperationId;
  readonly requestId: RequestId;
  readonly node: NodeId;
  readonly spec: OperationSpec;
}

/** What a registration came to. */
export type RegisterOperationReply =
  | { readonly kind: "registered"; readonly operation: OperationSnapshot; readonly change: RegistryChange }
  | { readonly kind: "known"; readonly status: OperationStatus }
  | { readonly kind: "limit"; readonly limit: number; readonly active: number }
  | { readonly kind: "refused"; readonly phase: SessionPhase }
  | RegistryGone;

/** What is asked of an operation. */
export interface MoveOperationCommand extends RegistryRef {
  readonly operationId: OperationId;
  readonly requestId: RequestId;
  readonly action: Exclude<OperationAction, "terminate">;
  readonly node: NodeId;
  /** Whoever reports this carries the operation on (O10). */
  readonly takesOwnership: boolean;
  /** Canonical JSON of an {@link OperationOutcome}; `null` where the action ends nothing. */
  readonly outcome: string | null;
  /** Canonical JSON; `null` for none. */
  readonly peerHandle: string | null;
}

/** What a move came to. */
export type MoveOperationReply =
  | {
      readonly kind: "moved";
      readonly operation: OperationSnapshot;
      /** The session is at rest and must be told of what ended. */
      readonly isOwing: boolean;
      /** A run that waited for it goes on, and somebody is to be told. */
      readonly wake: WakeHint;
      readonly change: RegistryChange;
    }
  | {
      readonly kind: "refused";
      readonly status: OperationStatus;
      readonly operationKind: OperationKind;
      readonly isPeerReady: boolean;
    }
  | { readonly kind: "unknown" }
  | RegistryGone;

/** Why all operations end. */
export interface TerminateOperationsCommand extends RegistryRef {
  /** Canonical JSON of a `terminated` outcome. */
  readonly outcome: string;
}

/** What a step of terminating came to. */
export type TerminateOperationsReply =
  | {
      readonly kind: "terminated";
      readonly left: number;
      readonly isOwing: boolean;
      /** As for a move. */
      readonly wake: WakeHint;
      readonly change: RegistryChange;
    }
  | RegistryGone;

/** Who waits for an operation. */
export interface WatchOperationCommand extends RegistryRef {
  readonly operationId: OperationId;
  readonly node: NodeId;
  /** Those who wait in this process; 0 for nobody. */
  readonly count: number;
}

/** Where an operation stands. */
export type WatchOperationReply =
  | { readonly kind: "settled"; readonly outcome: OperationOutcome }
  | { readonly kind: "watching"; readonly status: OperationStatus }
  /** Its process is gone, and it with it. */
  | { readonly kind: "stripped"; readonly change: RegistryChange }
  | { readonly kind: "unknown" }
  | RegistryGone;

/** A step of a wait. */
export interface WaitAllCommand extends RegistryRef {
  readonly waitId: WaitId;
  readonly node: NodeId;
  readonly action: "begin" | "renew" | "cancel";
  /** Operations the wait names. */
  readonly total: number;
  /** How many of them were named by earlier calls. */
  readonly from: number;
  /** The next of them, at most a hundred. */
  readonly operationIds: readonly OperationId[];
}

/** Where a wait stands. */
export type WaitAllReply =
  | { readonly kind: "waiting"; readonly left: number; readonly change: RegistryChange }
  | { readonly kind: "satisfied"; readonly change: RegistryChange }
  | { readonly kind: "active"; readonly waitId: WaitId }
  | { readonly kind: "unknown"; readonly operationId: OperationId }
  | { readonly kind: "cancelled" }
  /** It is not, or no longer, the active wait. */
  | { readonly kind: "over" }
  | RegistryGone;

/** Whether everything up to the completion is removed. */
export type CollectReply = { readonly kind: "collected"; readonly isDone: boolean } | RegistryGone;

/** The cursors as they stand. */
export type CursorsReply = { readonly kind: "cursors"; readonly cursors: OperationCursors } | RegistryGone;
