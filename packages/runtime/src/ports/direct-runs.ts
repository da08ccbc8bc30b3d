import type { ClaimId, InputId, InputStatus, NodeId, RunId, SessionPhase, SessionSettings } from "@holdfast/contracts";
import type { AdmitCommand, MemoryUse, StagedBatch } from "./ledger.ts";

/**
 * Runs that a sender does itself: admitted and staged in one step, so that no
 * worker comes between.
 *
 *   L8  A session with any active input begins no such run; one begun is a run
 *       as any other: leased, fenced, settled by `advance`, and buried when its
 *       holder dies.
 */
export interface DirectRuns {
  /** Admits an input into a session without other work, bound or not, and stages it alone. */
  begin(command: BeginRunCommand): Promise<BeginRunReply>;
}

/** An input, and under which claim and run it is staged. */
export interface BeginRunCommand {
  readonly admission: AdmitCommand;
  readonly claimId: ClaimId;
  readonly node: NodeId;
  readonly newRunId: RunId;
}

/** What it came to; only `begun` wrote anything, once however often it is sent under one claim. */
export type BeginRunReply =
  | {
      readonly kind: "begun";
      readonly admission: number;
      readonly batch: StagedBatch;
      /** Canonical JSON; `null` before the first commit. */
      readonly state: string | null;
      readonly followers: readonly NodeId[];
      readonly cursor: number;
    }
  /** Another input is active; the run in progress, `null` for queued work alone. */
  | { readonly kind: "active"; readonly runId: RunId | null }
  /** Work of another call must be finished first. */
  | { readonly kind: "chores" }
  | { readonly kind: "deduplicated"; readonly existingId: InputId; readonly status: InputStatus }
  | { readonly kind: "mismatch"; readonly existingId: InputId }
  | { readonly kind: "refused"; readonly phase: SessionPhase }
  | { readonly kind: "stale_settings"; readonly revision: number; readonly settings: SessionSettings }
  /** The server's memory is beyond the watermark. */
  | ({ readonly kind: "store_full" } & MemoryUse)
  | { readonly kind: "missing" }
  | { readonly kind: "torn" };
