import type { Fence, RunId, SessionRef } from "@holdfast/contracts";

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

/** Which settled steps are read. */
export interface LoadStepsQuery {
  readonly ref: SessionRef;
  readonly runId: RunId;
  readonly entries: number;
}

/** A step and its first result. */
export interface SettledStep {
  readonly key: string;
  /** Canonical JSON. */
  readonly value: string;
}

/** The result of a step, on its way into the journal. */
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

/** The result that stays, or a refusal that wrote nothing. */
export type SettleStepReply = { readonly kind: "settled"; readonly value: string } | { readonly kind: "fenced" };
