/**
 * What every surface (HTTP, command line, facade) calls. A surface owns no
 * semantics: whether something is allowed is decided here or below.
 *
 * Methods reject with an `AppError` of a registered code; what a careful caller
 * must handle in normal operation is a value. Any of them may reject with
 * `store.unavailable` (outcome unknown: repeat with the same ids) or `store.corrupt`; what still waits when its
 * process closes is rejected with `runtime.terminated`.
 */
import type {
  Admission,
  Binding,
  BoundaryRef,
  ControlReport,
  ControlVerb,
  EventEnvelope,
  EventPosition,
  Explanation,
  Labels,
  NewInput,
  Outcome,
  Receipt,
  RequestId,
  RunId,
  SessionRef,
  SessionSettings,
  SessionState,
} from "@holdfast/contracts";
import type { AcceptOptions, InputTarget } from "./api/accept-options.ts";
import type { AdmissionApi } from "./api/admission.ts";
import type { CommsApi } from "./api/comms.ts";
import type { ControlPlaneApi } from "./api/control-plane.ts";
import type { DeadLettersApi } from "./api/dead-letters.ts";
import type { DeliveriesApi } from "./api/deliveries.ts";
import type { EventsApi } from "./api/events.ts";
import type { InputStateView, InputView } from "./api/input-view.ts";
import type { OperationsApi } from "./api/operations.ts";
import type { RunsApi } from "./api/runs.ts";
import type { SchedulesApi } from "./api/schedules.ts";
import type { StatusApi } from "./api/status.ts";
import type { StreamsApi } from "./api/streams.ts";
import type { SubmitApi } from "./api/submit.ts";
import type { UnregisterApi } from "./api/unregister.ts";
import type { VerifyApi } from "./api/verify.ts";
import type { Page, PageQuery } from "./ports/page.ts";
import type { UnhostedSession, WorkerRecord } from "./ports/presence.ts";
import type { ListQuery, SessionPage, SessionRecord } from "./ports/session-directory.ts";
import type { StoreHealth } from "./ports/store.ts";

export type { AcceptOptions, InputTarget } from "./api/accept-options.ts";
export type { InputStateView, InputView } from "./api/input-view.ts";

/** Sessions, as any process sees them. */
export interface SessionRuntime
  extends AdmissionApi,
    SchedulesApi,
    CommsApi,
    DeliveriesApi,
    EventsApi,
    StatusApi,
    StreamsApi,
    SubmitApi,
    UnregisterApi,
    DeadLettersApi,
    ControlPlaneApi,
    VerifyApi,
    OperationsApi,
    RunsApi {
  /**
   * Creates a session or finds it; revives a stopped one. Inputs of a session
   * without a binding are admitted and wait.
   *
   * @throws request.invalid for settings out of their bounds, label.invalid, session.destroyed,
   * session.unregistering with what is open, control.refused with phase and
   * legal verbs, session.torn
   */
  registerSession(ref: SessionRef, options?: RegisterOptions): Promise<SessionView>;

  /**
   * As `registerSession`, and binds it: from now on every worker that hosts the
   * executor may run it. Again with the same binding it changes nothing; another one replaces it from the next run on.
   *
   * @throws request.invalid for a binding that no worker could ever host and for settings out of their bounds, label.invalid, session.destroyed,
   * session.unregistering with what is open, control.refused with phase and legal verbs, session.torn
   */
  ensureSessionWithExecutor(ref: SessionRef, binding: Binding, options?: RegisterOptions): Promise<SessionView>;

  /** `ensureSessionWithExecutor` by its other name. */
  registerSessionWithExecutor(ref: SessionRef, binding: Binding, options?: RegisterOptions): Promise<SessionView>;

  /**
   * Replaces the intents whose peer requests wake nobody: such a request waits
   * for the next input that wakes the session. Inputs admitted before keep the
   * decision they were admitted with.
   *
   * @throws request.invalid, session.not_found, session.destroyed
   */
  setSessionSilentIntents(ref: SessionRef, intents: readonly string[]): Promise<void>;

  /**
   * Admits an input once. With `createWith`, a session that does not exist is
   * created and bound; one that is stopped or retired is never revived by this.
   *
   * @throws input.*, id.invalid, request.too_deep, request.forbidden_key, idempotency.mismatch, session.not_found,
   * session.not_accepting, session.destroyed, session.torn, ack.unsupported
   */
  acceptInput(ref: SessionRef, input: NewInput, options?: AcceptOptions): Promise<Admission>;

  /**
   * As `acceptInput`; `completion` resolves exactly once (G9), for a repeat with the outcome of the first. It is
   * `null` where nothing is left to wait for: for a rejected input, and for one that is consumed as it is accepted.
   */
  acceptInputWithCompletion(
    ref: SessionRef,
    input: NewInput,
    options?: AcceptOptions,
  ): Promise<AdmissionWithCompletion>;

  /**
   * Resolves with how an input ended, in any process, now or later.
   *
   * @throws wait.timeout after `timeoutMs` (the work goes on), input.not_found, session.not_found
   */
  waitForOutcome(ref: SessionRef, target: InputTarget, options?: WaitOptions): Promise<Outcome>;

  /** One session, or `null`. */
  findSession(ref: SessionRef): Promise<SessionView | null>;

  /** A page of the tenant's sessions. */
  listSessions(query: ListQuery): Promise<SessionPage>;

  /** The committed state as JSON; `null` before the first commit. @throws session.not_found */
  sessionState(ref: SessionRef): Promise<{ readonly state: unknown; readonly position: number }>;

  /** One input with its history, or `null`. @throws session.not_found, session.destroyed */
  inputState(ref: SessionRef, target: InputTarget): Promise<InputStateView | null>;

  /** A page of inputs in the order of admission. @throws session.not_found, session.destroyed */
  listInputs(ref: SessionRef, query: PageQuery): Promise<Page<InputView>>;

  /** Inputs that ended with their budget spent. @throws session.not_found, session.destroyed */
  listDeadLetters(ref: SessionRef, query: PageQuery): Promise<Page<InputView>>;

  /** A receipt, or `null`. @throws receipt.expired for one that is not kept where older ones have been let go */
  loadBoundaryReceipt(ref: SessionRef, boundary: BoundaryRef): Promise<Receipt | null>;

  /** A page of receipts by position. @throws session.not_found, session.destroyed */
  listReceipts(ref: SessionRef, query: PageQuery): Promise<Page<Receipt>>;

  /**
   * A page of events: all that one fact is told as, or about `limit`. The last event of a destroyed session stays.
   *
   * @throws session.not_found, request.invalid
   */
  listEvents(ref: SessionRef, query: EventQuery): Promise<Page<EventEnvelope>>;

  /**
   * Events after a cursor, first the stored ones, then each as it happens, until
   * the signal aborts or the session is destroyed (G12). @throws session.not_found
   */
  followEvents(ref: SessionRef, options: FollowOptions): AsyncIterable<EventEnvelope>;

  /** Why the session stands still, and what is legal. @throws session.not_found */
  explain(ref: SessionRef): Promise<Explanation>;

  /**
   * Asks the current run to end, or the named one if it is current: at once through
   * its signal, or at its next boundary. It ends `cancelled`, and what it commits
   * first stands. Asking again is accepted and changes nothing unless it asks for more.
   *
   * @throws run.not_current, control.refused, session.not_found, session.destroyed, session.torn, idempotency.mismatch
   */
  interruptCurrentRun(ref: SessionRef, command: InterruptRunCommand): Promise<ControlReport>;

  /** Workers that are there, and what they host. */
  listWorkers(): Promise<readonly WorkerRecord[]>;

  /** Sessions of every tenant with work that no worker hosts, at most 100: the operator's view, never a tenant's. */
  listUnhostedSessions(): Promise<readonly UnhostedSession[]>;

  /** Answers when the store does; rejects with `store.unavailable`. */
  ping(): Promise<StoreHealth>;
}

/** An admission, and how its input will have ended. */
export interface AdmissionWithCompletion {
  readonly admission: Admission;
  readonly completion: Promise<Outcome> | null;
}

/** What ends a wait before its outcome; without either it lasts until the input ends. */
export interface WaitOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** From where events are followed, and until when. */
export interface FollowOptions {
  /** Cursor of the last fact seen or id of the last event seen; 0 for the beginning. */
  readonly after: EventPosition;
  readonly signal: AbortSignal;
  /**
   * Facts that this reader may be behind. One that is slower gets `events.truncated` and goes on with the
   * latest; without it, it gets everything, at its own pace.
   */
  readonly maxLag?: number;
}

/** Which page of events. */
export interface EventQuery {
  /** Cursor of the last fact seen or id of the last event seen; 0 for the beginning. */
  readonly after: EventPosition;
  readonly limit: number;
}

/** What a registration says beside the binding; what is left out stays as it is. */
export interface RegisterOptions {
  readonly settings?: SessionSettings;
  readonly labels?: Labels;
}

/** Asks one run to end. */
export interface InterruptRunCommand {
  readonly requestId: RequestId;
  /** Only if it is the current one. */
  readonly runId?: RunId;
  /** Answers with the report alone; the run is not told. */
  readonly dryRun?: boolean;
  /** `boundary` lets it commit its next boundary first; the default is `now`. */
  readonly at?: "now" | "boundary";
  /** It leaves neither receipt nor state, but for boundaries it has committed. */
  readonly isRolledBack?: boolean;
}

/** A session as callers see it. */
export interface SessionView extends Omit<SessionRecord, "hasRun" | "isBusy"> {
  readonly state: SessionState;
  readonly legalVerbs: readonly ControlVerb[];
}
