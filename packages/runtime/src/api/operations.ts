/** Background operations of sessions: what callers may ask, and the registry they get. */
import type {
  CompletionPage,
  EpochId,
  OperationCursors,
  OperationId,
  OperationOutcome,
  OperationSnapshot,
  OperationSpec,
  RequestId,
  SessionId,
  SessionRef,
  WaitAllResult,
  WaitId,
} from "@holdfast/contracts";

/** Methods about background operations. */
export interface OperationsApi {
  /**
   * The registry of a session's background operations: the same object for as long as its epoch lasts, in this
   * process. `null` for a session that is unknown, stopped or destroyed.
   *
   * @throws session.torn
   */
  opsLifecycleRegistry(ref: SessionRef): Promise<OperationRegistry | null>;

  /**
   * Registers the session if needed, as `registerSession` does, and answers what an agent of it works with. Again in
   * the same life of the session it answers the same epoch and the same registry; it attaches no executor.
   *
   * @throws session.destroyed, control.refused with phase and legal verbs, session.torn
   */
  prepareBindings(ref: SessionRef): Promise<SessionBindings>;

  /** Every operation in progress or kept, in order of registration. @throws session.not_found, session.destroyed */
  listOperations(ref: SessionRef): Promise<readonly OperationSnapshot[]>;

  /** Completions after a cursor, at most 500, and where the feed stands. @throws session.not_found, session.destroyed */
  listCompletions(ref: SessionRef, query: CompletionQuery): Promise<CompletionPage>;
}

/** Which completions. */
export interface CompletionQuery {
  /** Exclusive; 0 for the beginning. */
  readonly after: number;
  readonly limit: number;
}

/** What an agent of a session works with. */
export interface SessionBindings {
  readonly sessionId: SessionId;
  readonly epochId: EpochId;
  readonly ops: OperationRegistry;
  readonly cursors: CursorState;
}

/** How far the agent and the runtime have come in the completion feed; kept by the store, and never going back. */
export interface CursorState {
  read(): Promise<OperationCursors>;
  /** Notes what the agent has shown to its model; beyond the feed it is cut, and what is behind changes nothing. */
  advanceAgentApplied(seq: number): Promise<OperationCursors>;
}

/** What makes a call safe to make again from another process. */
export interface OperationCallOptions {
  /** A repeat of the same id is answered as the first call was. One of its own otherwise. */
  readonly requestId?: RequestId;
}

/** An operation to register. */
export interface NewOperation extends OperationSpec {
  /** The caller's name for it, unique among those kept; minted when absent. */
  readonly operationId?: OperationId;
}

/** Interest in the end of one operation. */
export interface OperationWatch {
  /** How it ended; `terminated` for one whose process or registry is gone. */
  readonly outcome: Promise<OperationOutcome>;
  /** Gives the interest up; the promise stays pending. */
  cancel(): void;
}

/** What ends a wait early. */
export interface OperationWaitOptions {
  readonly timeoutMs?: number;
  /** Aborting it gives the wait up, so that another can begin. */
  readonly signal?: AbortSignal;
}

/**
 * The registry of one session in one epoch, as a process sees it. Operations belong to the process that registered
 * them or reported of them last, and are stripped when that is not heard of for thirty seconds.
 *
 * Every change rejects with `operation.epoch_ended` once the session was stopped or destroyed, and leaves an operation
 * that it refuses as it was: `operation.not_found`, `operation.invalid_transition` with status and action. What ends
 * an operation may be said again in the same words.
 */
export interface OperationRegistry {
  readonly sessionId: SessionId;
  readonly epochId: EpochId;
  readonly cursors: CursorState;

  /** Begins an operation: `provisioning`. @throws operation.already_registered, operation.limit_reached with limit and active, session.not_accepting */
  register(operation: NewOperation, options?: OperationCallOptions): Promise<OperationSnapshot>;
  /** It runs from now on. */
  provisioningSucceeded(operationId: OperationId, options?: OperationCallOptions): Promise<OperationSnapshot>;
  /** It ends as `failed`. */
  provisioningFailed(
    operationId: OperationId,
    error: string,
    options?: OperationCallOptions,
  ): Promise<OperationSnapshot>;
  /** It ends as `aborted`. */
  abortProvisioning(
    operationId: OperationId,
    reason?: string,
    options?: OperationCallOptions,
  ): Promise<OperationSnapshot>;
  /** Counts a sign of life. */
  reportProgress(operationId: OperationId, options?: OperationCallOptions): Promise<OperationSnapshot>;
  /** A child agent can be reached, by a handle of the caller's own form. @throws operation.peer_not_expected, operation.already_peer_ready */
  peerReady(operationId: OperationId, handle: unknown, options?: OperationCallOptions): Promise<OperationSnapshot>;
  /** Asks it to finish: `retiring`. */
  requestRetire(operationId: OperationId, options?: OperationCallOptions): Promise<OperationSnapshot>;
  /** It ends as `completed`. @throws request.invalid for a result that is no JSON or too large */
  completeOperation(
    operationId: OperationId,
    result: unknown,
    options?: OperationCallOptions,
  ): Promise<OperationSnapshot>;
  /** It ends as `failed`. */
  failOperation(operationId: OperationId, error: string, options?: OperationCallOptions): Promise<OperationSnapshot>;
  /** It ends as `cancelled`. */
  cancelOperation(
    operationId: OperationId,
    reason?: string,
    options?: OperationCallOptions,
  ): Promise<OperationSnapshot>;
  /** It ends as `retired`. */
  markRetired(operationId: OperationId, options?: OperationCallOptions): Promise<OperationSnapshot>;
  /** Ends every operation in progress as `terminated`; answers how many. */
  terminateOwner(reason: string): Promise<number>;

  /** Notes an interest in the end of an operation; resolves when it is noted. @throws operation.not_found */
  registerWatcher(operationId: OperationId): Promise<OperationWatch>;
  /**
   * How all of them ended, in the order given. A session has one such wait at a time.
   *
   * @throws operation.not_found, operation.wait_duplicate, operation.wait_active with the other's id, wait.timeout,
   * operation.wait_not_active when it was given up by `cancelWait`
   */
  waitAll(operationIds: readonly OperationId[], options?: OperationWaitOptions): Promise<WaitAllResult>;
  /** Gives the active wait up, wherever it was begun. @throws operation.wait_not_active */
  cancelWait(waitId: WaitId): Promise<void>;

  /** One operation. @throws operation.not_found */
  snapshot(operationId: OperationId): Promise<OperationSnapshot>;
  /** Every operation in progress or kept, in order of registration. */
  listOperations(): Promise<readonly OperationSnapshot[]>;
  /** Returns every kept operation that has ended, in order of completion, and removes it. */
  collectCompleted(): Promise<readonly OperationSnapshot[]>;

  /** Every completion after a cursor, and where the feed stands. Look at `droppedThrough`: entries may be gone. */
  listSince(seq: number): Promise<CompletionPage>;
  /** Resolves with the feed's watermark once it is past a cursor. @throws wait.timeout */
  waitForAdvance(seq: number, options?: OperationWaitOptions): Promise<number>;
}
