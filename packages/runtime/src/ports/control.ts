import type {
  ControlReport,
  ControlVerb,
  Fence,
  NodeId,
  RequestId,
  RunId,
  SessionPhase,
  SessionRef,
} from "@holdfast/contracts";
import type { SettledInput } from "./ledger.ts";

/**
 * The control plane's writes.
 *
 *   C1  The same request id returns the first report and changes nothing (G10).
 *   C2  A verb whose phase is already reached succeeds with zero counts.
 *   C3  A refused verb changes nothing and says in which phase the session is.
 *   C4  Stop, destroy and reset fence every run at once: the token moves.
 */
export interface Control {
  /** Applies a verb once. */
  apply(command: ControlCommand): Promise<ControlReply>;

  /** Asks the current run to end; legal only if it is the named one, when one is named. */
  interrupt(command: InterruptCommand): Promise<ControlReply>;
}

export interface ControlCommand {
  readonly ref: SessionRef;
  readonly verb: Exclude<ControlVerb, "interrupt">;
  readonly requestId: RequestId;
}

export interface InterruptCommand {
  readonly ref: SessionRef;
  readonly requestId: RequestId;
  /** The run meant; `null` for whichever is current. */
  readonly runId: RunId | null;
}

/** Whom to tell that a run must end. */
export interface AbortNotice {
  readonly node: NodeId;
  readonly runId: RunId;
  readonly reason: "cancelled" | "stopped";
}

export type ControlReply =
  | {
      readonly kind: "applied";
      readonly isRepeat: boolean;
      readonly report: ControlReport;
      readonly abort: AbortNotice | null;
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
      readonly isBusy: boolean;
      readonly currentRunId: RunId | null;
    }
  | { readonly kind: "missing" };

/**
 * Results of steps inside a run, so that a settled step does not run again.
 *
 *   J1  An entry is written only under the current fence.
 *   J2  The first result of a step stays; a second is answered with the first.
 *   J3  Entries live as long as their run.
 */
export interface Journal {
  /** The first `entries` settled steps of the run, in order. */
  load(query: LoadStepsQuery): Promise<readonly SettledStep[]>;

  /** Settles a step. `key` covers the step's name and the digest of its arguments. */
  settle(command: SettleStepCommand): Promise<SettleStepReply>;
}

export interface LoadStepsQuery {
  readonly ref: SessionRef;
  readonly runId: RunId;
  readonly entries: number;
}

export interface SettledStep {
  readonly key: string;
  /** Canonical JSON. */
  readonly value: string;
}

export interface SettleStepCommand {
  readonly ref: SessionRef;
  readonly fence: Fence;
  /** The step's place in the run's journal, from 1, dense; makes a repeat recognisable. */
  readonly index: number;
  /** Names the step and its arguments; has no spaces. */
  readonly key: string;
  /** Canonical JSON. */
  readonly value: string;
}

export type SettleStepReply = { readonly kind: "settled"; readonly value: string } | { readonly kind: "fenced" };
