import type {
  NodeId,
  Obligation,
  ObligationStatus,
  RequestId,
  RunId,
  SessionPhase,
  SessionRef,
  UnregisterReport,
} from "@holdfast/contracts";
import type { AbortNotice } from "./abort-notice.ts";
import type { SettledInput } from "./ledger.ts";

/**
 * Takes a session out of the directory in two phases: begin, then commit once
 * everything it owes is closed.
 *
 *   D4  A session that is on its way out admits, stages and registers nothing; a
 *       refused registration names what is still open. What was staged before may
 *       still settle.
 *   D5  Commit is refused until every obligation is closed, and each is closed
 *       once: by whoever owes it, or by force, at the latest when its time is over.
 *   D6  However many ask, there is one removal, and all of them get its report; the
 *       same request id gets it again later. What is heard afterwards changes nothing.
 *   D7  What is left of the session's work ends before the removal, and its waiters
 *       are told how.
 *   D8  A removed session is unknown, and nothing of its ledger is lost: registering
 *       it again goes on with its inputs, keys and receipts.
 *
 * Rejects with `session.torn`.
 */
export interface Unregistration {
  /** Opens the obligations, or joins an unregistration that is under way. */
  begin(command: BeginCommand): Promise<BeginReply>;

  /**
   * Closes an obligation: `note` is the word of whoever owes it, `check` closes
   * what is over without a word, `force` waits for nobody.
   */
  close(command: CloseCommand): Promise<CloseReply>;

  /** Removes the session if nothing is open. */
  commit(ref: SessionRef): Promise<CommitReply>;
}

/** Who asks for a removal. */
export interface BeginCommand {
  readonly ref: SessionRef;
  readonly requestId: RequestId;
}

/** Where an unregistration stands. */
export type ObligationStatuses = Readonly<Record<Obligation, ObligationStatus>>;

/** What asking for a removal came to. */
export type BeginReply =
  | {
      readonly kind: "draining";
      /** Somebody else had begun it. */
      readonly isJoined: boolean;
      /** Under which the removal is reported: that of whoever began it. */
      readonly requestId: RequestId;
      readonly obligations: ObligationStatuses;
      /** Who works on the run that is waited for. */
      readonly holder: { readonly node: NodeId; readonly runId: RunId } | null;
      readonly followers: readonly NodeId[];
      readonly cursor: number;
    }
  /** The request id is that of a removal that is over. */
  | { readonly kind: "removed"; readonly report: UnregisterReport }
  | { readonly kind: "refused"; readonly phase: SessionPhase }
  | { readonly kind: "missing" };

/** How an obligation is to be closed. */
export interface CloseCommand {
  readonly ref: SessionRef;
  readonly obligation: Obligation;
  readonly by: "note" | "check" | "force";
}

/** What became of the obligation. */
export type CloseReply =
  | {
      readonly kind: "noted";
      readonly status: ObligationStatus;
      /** Whom to tell that a run was ended. */
      readonly abort: AbortNotice | null;
      readonly settled: readonly SettledInput[];
      readonly followers: readonly NodeId[];
      readonly cursor: number;
    }
  /** Somebody is still waited for, until then at the latest. */
  | { readonly kind: "open"; readonly until: number }
  /** What is left ends in bounded steps (`settleChores`); then ask again. */
  | {
      readonly kind: "chores";
      readonly settled: readonly SettledInput[];
      readonly followers: readonly NodeId[];
      readonly cursor: number;
    }
  /** It is closed already, or nothing is being unregistered. */
  | { readonly kind: "ignored" };

/** What committing came to. */
export type CommitReply =
  | {
      readonly kind: "removed";
      readonly report: UnregisterReport;
      readonly followers: readonly NodeId[];
      readonly cursor: number;
    }
  | { readonly kind: "open"; readonly obligations: readonly Obligation[] }
  /** What is left ends in bounded steps: settle them and ask again. */
  | { readonly kind: "chores" }
  | { readonly kind: "ignored" };
