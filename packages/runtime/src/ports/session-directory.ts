import type {
  Binding,
  Label,
  Labels,
  NodeId,
  Obligation,
  SessionId,
  SessionPhase,
  SessionRef,
  SessionSettings,
  TenantId,
} from "@holdfast/contracts";

/**
 * Which sessions exist, what they are bound to, and with which settings.
 *
 *   D1  Registering is idempotent: an existing session keeps its ledger.
 *   D2  A stopped session is revived by register (unbound) or bind (bound); a
 *       destroyed one never is.
 *   D3  A listing names each session of the tenant once, in a stable order.
 *   D9  A session is listed under each of its labels, and under no other.
 */
export interface SessionDirectory {
  /** Creates a session, or finds it. Revives a stopped one only with `mayRevive`. Rejects with `session.torn`. */
  register(command: RegisterCommand): Promise<RegisterReply>;

  /** What is known of one session, or `null`. */
  find(ref: SessionRef): Promise<SessionRecord | null>;

  /** A page of the tenant's sessions. Destroyed ones are not listed. Rejects a cursor it never gave with `request.invalid`. */
  list(query: ListQuery): Promise<SessionPage>;

  /**
   * Replaces the settings for future admissions; answers the new revision, or
   * `null` for an unknown session. Rejects with `session.torn`.
   */
  configure(ref: SessionRef, settings: SessionSettings): Promise<number | null>;

  /** Replaces the labels of a session. Rejects with `session.torn`. */
  label(ref: SessionRef, labels: Labels): Promise<LabelReply>;

  /** Asks that `node` be told of this session's changes for a while; the answer is where its events stand. */
  follow(command: FollowCommand): Promise<FollowReply>;
}

/** What labelling came to. */
export type LabelReply =
  | { readonly kind: "labelled" }
  | { readonly kind: "refused"; readonly phase: SessionPhase }
  | { readonly kind: "missing" };

/** What a session is to be. */
export interface RegisterCommand {
  readonly ref: SessionRef;
  /** Bound at once when given; an existing binding is replaced. */
  readonly binding: Binding | null;
  readonly settings: SessionSettings | null;
  /** Register and ensure revive a stopped session; sending does not. */
  readonly mayRevive: boolean;
}

/** Where the session stands afterwards; `refused` changed nothing. */
export type RegisterReply =
  | { readonly kind: "created" | "existing"; readonly phase: SessionPhase; readonly settingsRevision: number }
  | {
      readonly kind: "refused";
      readonly phase: SessionPhase;
      /** What an unregistration under way still waits for. */
      readonly open: readonly Obligation[];
    };

/** A session as the store keeps it. */
export interface SessionRecord {
  readonly ref: SessionRef;
  readonly phase: SessionPhase;
  readonly generation: number;
  readonly binding: Binding | null;
  readonly settings: SessionSettings;
  readonly settingsRevision: number;
  readonly labels: Labels;
  /** A run is staged, whether or not its lease is live. */
  readonly hasRun: boolean;
  /** It is, and its lease is live: nobody but its holder may end it. */
  readonly isBusy: boolean;
  /** Inputs admitted since the session exists. */
  readonly admitted: number;
  /** Selectable inputs in the lanes. */
  readonly queued: number;
  /** Inputs that wait for a time. */
  readonly scheduled: number;
  /** Receipts so far. */
  readonly position: number;
  /** Digest of the latest receipt. */
  readonly digest: string;
  /** The last event's cursor. */
  readonly cursor: number;
  /** Dead letters that nobody has redriven or discarded. */
  readonly deadLetters: number;
}

/** Which page of sessions. */
export interface ListQuery {
  readonly tenantId: TenantId;
  /** Opaque; from the previous page. */
  readonly after: string | null;
  readonly limit: number;
  /** Only sessions that have it. */
  readonly label?: Label;
}

/** A page of sessions. */
export interface SessionPage {
  readonly sessions: readonly { readonly sessionId: SessionId }[];
  /** Pass as `after` for the next page; `null` at the end. */
  readonly next: string | null;
}

/** Who wants to be told, and for how long. */
export interface FollowCommand {
  readonly ref: SessionRef;
  readonly node: NodeId;
  readonly forMs: number;
}

/** The cursor of the last event so far. */
export type FollowReply = { readonly kind: "following"; readonly cursor: number } | { readonly kind: "missing" };
