import type {
  Binding,
  NodeId,
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
 */
export interface SessionDirectory {
  /** Creates a session, or finds it. Revives a stopped one only with `mayRevive`. */
  register(command: RegisterCommand): Promise<RegisterReply>;

  /** What is known of one session, or `null`. */
  find(ref: SessionRef): Promise<SessionRecord | null>;

  /** A page of the tenant's sessions. Destroyed ones are not listed. */
  list(query: ListQuery): Promise<SessionPage>;

  /** Replaces the settings for future admissions; answers the new revision, or `null` for an unknown session. */
  configure(ref: SessionRef, settings: SessionSettings): Promise<number | null>;

  /** Asks that `node` be told of this session's changes for a while; the answer is where its events stand. */
  follow(command: FollowCommand): Promise<FollowReply>;
}

export interface RegisterCommand {
  readonly ref: SessionRef;
  /** Bound at once when given; an existing binding is replaced. */
  readonly binding: Binding | null;
  readonly settings: SessionSettings | null;
  /** Register and ensure revive a stopped session; sending does not. */
  readonly mayRevive: boolean;
}

export type RegisterReply =
  | { readonly kind: "created" | "existing"; readonly phase: SessionPhase; readonly settingsRevision: number }
  | { readonly kind: "refused"; readonly phase: SessionPhase };

export interface SessionRecord {
  readonly ref: SessionRef;
  readonly phase: SessionPhase;
  readonly generation: number;
  readonly binding: Binding | null;
  readonly settings: SessionSettings;
  readonly settingsRevision: number;
  readonly hasRun: boolean;
  /** Inputs admitted since the session exists. */
  readonly admitted: number;
  /** Selectable inputs in the lanes. */
  readonly queued: number;
  /** Inputs that wait for a time. */
  readonly scheduled: number;
  readonly position: number;
  readonly digest: string;
  /** The last event's cursor. */
  readonly cursor: number;
  readonly deadLetters: number;
}

export interface ListQuery {
  readonly tenantId: TenantId;
  /** Opaque; from the previous page. */
  readonly after: string | null;
  readonly limit: number;
}

export interface SessionPage {
  readonly sessions: readonly { readonly sessionId: SessionId }[];
  readonly next: string | null;
}

export interface FollowCommand {
  readonly ref: SessionRef;
  readonly node: NodeId;
  readonly forMs: number;
}

export type FollowReply = { readonly kind: "following"; readonly cursor: number } | { readonly kind: "missing" };
