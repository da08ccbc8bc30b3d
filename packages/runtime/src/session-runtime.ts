/**
 * What every surface (HTTP, command line, facade) calls. A surface owns no
 * semantics: whether something is allowed is decided here or below.
 *
 * Methods reject with an `AppError` of a registered code; what a careful caller
 * must handle in normal operation is a value.
 */
import type {
  Ack,
  AckLevel,
  Admission,
  Binding,
  BoundaryRef,
  ControlReport,
  ControlVerb,
  EventEnvelope,
  Explanation,
  Input,
  InputId,
  NewInput,
  Outcome,
  Receipt,
  RequestId,
  RunId,
  SessionRef,
  SessionSettings,
  SessionState,
} from "@holdfast/contracts";
import type { InputRecord } from "./ports/archive.ts";
import type { Page, PageQuery } from "./ports/page.ts";
import type { WorkerRecord } from "./ports/presence.ts";
import type { ListQuery, SessionPage, SessionRecord } from "./ports/session-directory.ts";

/** Sessions, as any process sees them. */
export interface SessionRuntime {
  /**
   * Creates a session or finds it; revives a stopped one. Inputs of a session
   * without a binding are admitted and wait.
   *
   * @throws session.destroyed, id.invalid
   */
  registerSession(ref: SessionRef, options?: { settings?: SessionSettings }): Promise<SessionView>;

  /**
   * As `registerSession`, and binds it: from now on every worker that hosts the
   * executor may run it.
   *
   * @throws session.destroyed, id.invalid
   */
  ensureSessionWithExecutor(
    ref: SessionRef,
    binding: Binding,
    options?: { settings?: SessionSettings },
  ): Promise<SessionView>;

  /**
   * Admits an input once. With `createWith`, a session that does not exist is
   * created and bound; one that is stopped or retired is never revived by this.
   *
   * @throws input.*, idempotency.mismatch, session.not_found, session.not_accepting, session.destroyed, ack.unsupported, store.unavailable
   */
  acceptInput(ref: SessionRef, input: NewInput, options?: AcceptOptions): Promise<Admission>;

  /** As `acceptInput`; `completion` resolves exactly once (G9) and is `null` for a rejected input. */
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

  /** One input, or `null`. @throws session.not_found */
  inputState(ref: SessionRef, target: InputTarget): Promise<InputView | null>;

  /** A page of inputs in the order of admission. @throws session.not_found */
  listInputs(ref: SessionRef, query: PageQuery): Promise<Page<InputView>>;

  /** Inputs that ended with their budget spent. @throws session.not_found */
  listDeadLetters(ref: SessionRef, query: PageQuery): Promise<Page<InputView>>;

  /** A receipt, or `null`. */
  loadBoundaryReceipt(ref: SessionRef, boundary: BoundaryRef): Promise<Receipt | null>;

  /** A page of receipts by position. @throws session.not_found */
  listReceipts(ref: SessionRef, query: PageQuery): Promise<Page<Receipt>>;

  /** A page of events by cursor. @throws session.not_found */
  listEvents(ref: SessionRef, query: PageQuery): Promise<Page<EventEnvelope>>;

  /**
   * Events after a cursor, first the stored ones, then each as it happens, until
   * the signal aborts or the session is destroyed (G12). @throws session.not_found
   */
  followEvents(ref: SessionRef, options: FollowOptions): AsyncIterable<EventEnvelope>;

  /** Why the session stands still, and what is legal. @throws session.not_found */
  explain(ref: SessionRef): Promise<Explanation>;

  /**
   * Applies a verb once per request id.
   *
   * @throws control.refused with phase and legal verbs, session.not_found, idempotency.mismatch
   */
  control(ref: SessionRef, command: VerbCommand): Promise<ControlReport>;

  /** Ends the current run, or the named one. @throws run.not_current, control.refused, session.not_found */
  interruptCurrentRun(ref: SessionRef, command: { requestId: RequestId; runId?: RunId }): Promise<ControlReport>;

  /** Workers that are there, and what they host. */
  listWorkers(): Promise<readonly WorkerRecord[]>;

  /** Answers when the store does; rejects with `store.unavailable`. */
  ping(): Promise<StoreHealth>;
}

export interface AcceptOptions {
  /** Creates a missing session with this binding. */
  readonly createWith?: Binding;
  /** Refused as `ack.unsupported` when the store cannot give it. */
  readonly minimumAck?: AckLevel;
  /** Stages for the next turn without waking the session. */
  readonly isWithoutWake?: boolean;
}

export interface AdmissionWithCompletion {
  readonly admission: Admission;
  readonly completion: Promise<Outcome> | null;
}

/** An input by its id or by the key it was sent with. */
export type InputTarget = { readonly inputId: InputId } | { readonly key: string };

export interface WaitOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface FollowOptions {
  readonly after: number;
  readonly signal: AbortSignal;
}

export interface VerbCommand {
  readonly verb: Exclude<ControlVerb, "interrupt">;
  readonly requestId: RequestId;
}

/** A session as callers see it. */
export interface SessionView extends Omit<SessionRecord, "hasRun"> {
  readonly state: SessionState;
  readonly legalVerbs: readonly ControlVerb[];
}

/** An input as callers see it: its record, with the payload parsed. */
export interface InputView extends Omit<InputRecord, "payload"> {
  readonly input: Input;
}

/** What a store says of itself. */
export interface StoreHealth {
  readonly ack: Ack;
  /** One line for people: product, version, persistence. */
  readonly description: string;
}
