import type {
  Admission,
  CallerEvent,
  ControlReport,
  ControlVerb,
  Label,
  LabelledResult,
  LabelProgress,
  Labels,
  NewInput,
  RequestId,
  SessionRef,
  SessionState,
  TenantId,
} from "@holdfast/contracts";
import type { AcceptOptions } from "./accept-options.ts";
import type { InputView } from "./input-view.ts";

/**
 * What operators and surfaces tell a session, and ask of it. A verb takes effect
 * once per request id; without one every call is a command of its own.
 */
export interface ControlPlaneApi {
  /**
   * Applies a verb once per request id.
   *
   * @throws control.refused with phase, state and legal verbs, session.not_found, session.destroyed, session.torn,
   * idempotency.mismatch when the request id named another verb
   */
  control(ref: SessionRef, command: VerbCommand): Promise<ControlReport>;

  /** Closes the intake; what was admitted drains, or ends where nobody would drain it. Throws as `control`. */
  retire(ref: SessionRef, options?: CommandOptions): Promise<ControlReport>;

  /** Rebuilds the session and opens it; what waits is carried over in order. Throws as `control`. */
  recycle(ref: SessionRef, options?: CommandOptions): Promise<ControlReport>;

  /** Ends all work; the session goes on, bound as it was. Throws as `control`. */
  reset(ref: SessionRef, options?: CommandOptions): Promise<ControlReport>;

  /** Returns what a dead attempt holds. Throws as `control`. */
  recover(ref: SessionRef, options?: CommandOptions): Promise<ControlReport>;

  /** Ends the session for good. Throws as `control`. */
  destroy(ref: SessionRef, options?: CommandOptions): Promise<ControlReport>;

  /**
   * Ends the session's work and unbinds it, wherever its run is; with `cancel`
   * asks only the current run to end. Throws as `control`.
   */
  stopRuntimeExecutor(ref: SessionRef, command?: StopCommand): Promise<ControlReport>;

  /** As `retire`, for surfaces. */
  retireRuntime(ref: SessionRef, options?: CommandOptions): Promise<ControlReport>;

  /** As `reset`, for surfaces. */
  resetRuntime(ref: SessionRef, options?: CommandOptions): Promise<ControlReport>;

  /** Where the session stands. @throws session.not_found */
  runtimeState(ref: SessionRef): Promise<SessionState>;

  /** Which rules the runtime of a session keeps: always all of them. @throws session.not_found */
  runtimeMode(ref: SessionRef): Promise<"compliant">;

  /** Whether the session is registered; a destroyed one is not. */
  containsSession(ref: SessionRef): Promise<boolean>;

  /** Whether an executor is bound: what a caller must ask before it waits for a turn. */
  sessionHasExecutor(ref: SessionRef): Promise<boolean>;

  /** Every input that has not ended, in the order of admission. @throws session.not_found, session.destroyed */
  listActiveInputs(ref: SessionRef): Promise<readonly InputView[]>;

  /** As `acceptInput`, by the name the control plane has for it; throws the same typed errors. */
  ingest(ref: SessionRef, input: NewInput, options?: AcceptOptions): Promise<Admission>;

  /**
   * Appends an event of a caller to those of the session; resolves with its
   * cursor, the same for the same request id.
   *
   * @throws event.invalid, session.not_found, session.destroyed, session.torn, idempotency.mismatch
   */
  publishEvent(
    ref: SessionRef,
    event: CallerEvent,
    options?: Pick<CommandOptions, "requestId">,
  ): Promise<PublishedEvent>;

  /** Replaces the labels of a session. @throws label.invalid, session.not_found, session.destroyed, session.torn */
  setSessionLabels(ref: SessionRef, labels: Labels): Promise<void>;

  /**
   * Applies a verb to every session of a label, a bounded number at a time.
   * Repeated with the same request id after a crash, sessions that had it get
   * their first report, and the others have their turn.
   *
   * @throws label.invalid
   */
  controlByLabel(command: LabelCommand, onResult?: (result: LabelledResult) => void): Promise<LabelProgress>;
}

/** A verb, once per request id. */
export interface VerbCommand {
  readonly verb: Exclude<ControlVerb, "interrupt">;
  readonly requestId: RequestId;
  /** Answers with the report that the verb would have now; nothing changes and nothing is stored. */
  readonly dryRun?: boolean;
}

/** How a verb is given. */
export interface CommandOptions {
  readonly requestId?: RequestId;
  /** As for `control`. */
  readonly dryRun?: boolean;
}

/** What the executor of a session is told. */
export interface StopCommand extends CommandOptions {
  /** `stop` is the default. */
  readonly command?: "stop" | "cancel";
}

/** An event that is among those of the session. */
export interface PublishedEvent {
  readonly cursor: number;
  readonly isRepeat: boolean;
}

/** A verb for every session of a label. */
export interface LabelCommand {
  readonly tenantId: TenantId;
  readonly label: Label;
  readonly verb: VerbCommand["verb"];
  readonly requestId: RequestId;
  readonly dryRun?: boolean;
}
