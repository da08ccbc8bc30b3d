import type {
  CancelMode,
  ControlReport,
  ControlVerb,
  NodeId,
  RequestId,
  RunId,
  RunStatus,
  SessionPhase,
  SessionRef,
} from "@holdfast/contracts";
import type { AbortNotice } from "./abort-notice.ts";
import type { SettledInput } from "./ledger.ts";
import type { WakeHint } from "./wake-hint.ts";

/**
 * The control plane's writes.
 *
 *   C1  The same request id returns the first report and changes nothing (G10), for as
 *       long as the session has not taken `KEPT_REQUESTS` others since.
 *   C2  A verb whose phase is already reached succeeds with zero counts.
 *   C3  A refused verb changes nothing and says in which phase the session is.
 *   C4  Stop, destroy and reset fence every run at once: the token moves.
 *   C5  A dry run answers with the report the command would have now, or refuses
 *       as it would; it changes and stores nothing.
 *   C6  Rebuilding a session (recycle, recover, a claim over a dead holder) ends
 *       its ephemeral and derived inputs, and says how many.
 *   C7  An event of a caller is appended once per request id.
 *   C8  A suspended run is resumed once, and finds the value it was resumed with.
 *
 * Rejects with `session.torn`, and with `idempotency.mismatch` for a request id
 * that named another verb.
 */
export interface Control {
  /** Applies a verb once. */
  apply(command: ControlCommand): Promise<ControlReply>;

  /** Asks the current run to end; legal only if it is the named one, when one is named. */
  interrupt(command: InterruptCommand): Promise<ControlReply>;

  /** Appends an event of a caller. */
  publish(command: PublishCommand): Promise<PublishReply>;

  /** Lets a suspended run go on (C8). */
  resume(command: ResumeCommand): Promise<ResumeReply>;
}

/** An event of a caller, once per request id. */
export interface PublishCommand {
  readonly ref: SessionRef;
  readonly requestId: RequestId;
  readonly name: string;
  /** Canonical JSON. */
  readonly payload: string;
  /** Digest of name and payload: tells a repeat from another event under the same id. */
  readonly digest: string;
}

/** What publishing came to; a repeat carries the first cursor. */
export type PublishReply =
  | {
      readonly kind: "published";
      readonly isRepeat: boolean;
      readonly cursor: number;
      readonly followers: readonly NodeId[];
    }
  | { readonly kind: "mismatch" }
  | { readonly kind: "refused"; readonly phase: SessionPhase }
  | { readonly kind: "missing" };

/** A verb for a session. */
export interface ControlCommand {
  readonly ref: SessionRef;
  readonly verb: Exclude<ControlVerb, "interrupt">;
  readonly requestId: RequestId;
  /** Answers with the report alone (C5); the default is to apply the verb. */
  readonly isDryRun?: boolean;
}

/** Asks one run to end. */
export interface InterruptCommand {
  readonly ref: SessionRef;
  readonly requestId: RequestId;
  /** The run meant; `null` for whichever is current. */
  readonly runId: RunId | null;
  /** A run that was asked for more than this already stays asked for that. */
  readonly mode: CancelMode;
  /** As for a verb. */
  readonly isDryRun?: boolean;
}

/** Lets one suspended run go on. */
export interface ResumeCommand {
  readonly ref: SessionRef;
  readonly requestId: RequestId;
  readonly runId: RunId;
  /** Canonical JSON of what the run finds as the value it waited for. */
  readonly value: string;
}

/** What a resumption came to; a repeat is answered as the first call was. */
export type ResumeReply =
  | {
      readonly kind: "resumed";
      readonly isRepeat: boolean;
      readonly wake: WakeHint;
      readonly followers: readonly NodeId[];
      readonly cursor: number;
    }
  /** Nothing changed; `status` is `null` when the session has no such run. */
  | { readonly kind: "not_suspended"; readonly status: RunStatus | null }
  | { readonly kind: "missing" };

/** What a command came to; a repeat carries the first report. */
export type ControlReply =
  | {
      readonly kind: "applied";
      readonly isRepeat: boolean;
      readonly report: ControlReport;
      readonly abort: AbortNotice | null;
      /** What to wake for; `null` when nothing is left to run. */
      readonly wake: { readonly epoch: number; readonly executor: string } | null;
      /** Ended inputs are settled in bounded steps by `settleChores`. */
      readonly hasChores: boolean;
      readonly settled: readonly SettledInput[];
      readonly followers: readonly NodeId[];
      readonly cursor: number;
    }
  | {
      readonly kind: "refused";
      readonly phase: SessionPhase;
      /** A run is staged under a live lease. */
      readonly isBusy: boolean;
      readonly currentRunId: RunId | null;
    }
  | { readonly kind: "missing" };
