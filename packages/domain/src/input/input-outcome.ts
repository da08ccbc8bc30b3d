import {
  AbandonReason,
  type FailureReport,
  type InputId,
  type InputStatus,
  type Outcome,
  type RunId,
} from "@holdfast/contracts";

/** Notes of a consumed input that its run stopped at a tool of the caller; the output then names the call. */
export const CALLBACK_PENDING = "callback_pending";

type CallbackOutput = Pick<Extract<Outcome, { kind: typeof CALLBACK_PENDING }>, "toolName" | "args">;

/** What a store knows of an input that ended. */
export interface EndedInput {
  readonly status: InputStatus;
  /** Successor of a displaced input, reason of an abandoned one; how the run of a consumed one ended, empty for well. */
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
      return endedOutcome(input);
    case "queued":
    case "staged":
    case "applied_pending":
      return null;
  }
}

/** Of an input whose run did not end well, whether a boundary of it was committed or not. */
function endedOutcome({ detail, attempts, receipt, failure }: EndedInput): Outcome {
  if (detail === AbandonReason.enum.cancelled) return { kind: "cancelled", ...receipt, attempts };
  return {
    kind: "abandoned",
    reason: detail as AbandonReason,
    attempts,
    ...(failure === undefined ? {} : { failure }),
  };
}

function consumedOutcome(input: EndedInput): Outcome {
  const { detail, receipt, output } = input;
  if (detail === CALLBACK_PENDING && receipt !== undefined) {
    return { kind: CALLBACK_PENDING, ...receipt, ...(output as CallbackOutput) };
  }
  if (detail !== "") return endedOutcome(input);
  if (receipt === undefined) return { kind: "completed_without_result" };
  if (output === undefined) return { kind: "completed_without_result", ...receipt };
  return { kind: "completed", ...receipt, output: output as Extract<Outcome, { kind: "completed" }>["output"] };
}
