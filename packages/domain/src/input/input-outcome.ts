import type { AbandonReason, FailureReport, InputId, InputStatus, Outcome, RunId } from "@holdfast/contracts";

/** What a store knows of an input that ended. */
export interface EndedInput {
  readonly status: InputStatus;
  /** Successor of a displaced input, reason of an abandoned one; empty for a consumed one. */
  readonly detail: string;
  readonly attempts: number;
  /** The run that consumed it, and the receipt's position; absent when it was consumed on admission. */
  readonly receipt?: { readonly runId: RunId; readonly position: number };
  /** What the run answered; absent for none. */
  readonly output?: unknown;
  readonly failure?: FailureReport;
}

/** How an ended input is told to whoever waits, or `null` while it has not ended. */
export function outcomeOf(input: EndedInput): Outcome | null {
  switch (input.status) {
    case "consumed":
      return consumedOutcome(input);
    case "superseded":
      return { kind: "superseded", by: input.detail as InputId };
    case "coalesced":
      return { kind: "coalesced", into: input.detail as InputId };
    case "abandoned":
      return {
        kind: "abandoned",
        reason: input.detail as AbandonReason,
        attempts: input.attempts,
        ...(input.failure === undefined ? {} : { failure: input.failure }),
      };
    case "queued":
    case "staged":
    case "applied_pending":
      return null;
  }
}

function consumedOutcome({ receipt, output }: EndedInput): Outcome {
  if (receipt === undefined) return { kind: "completed_without_result" };
  if (output === undefined) return { kind: "completed_without_result", ...receipt };
  return { kind: "completed", ...receipt, output: output as Extract<Outcome, { kind: "completed" }>["output"] };
}
