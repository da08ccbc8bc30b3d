import type { InteractionEvent, Outcome } from "@holdfast/contracts";
import { canonicalJson } from "../input/fingerprint.ts";

/** How an interaction ended, from how its input did. */
export function interactionEventOf(interactionId: string, outcome: Outcome): InteractionEvent {
  switch (outcome.kind) {
    case "completed":
      return { type: "interaction.completed", interactionId, text: textOf(outcome.output) };
    case "completed_without_result":
      return { type: "interaction.completed", interactionId, text: "" };
    default:
      return { type: "interaction.failed", interactionId, reason: reasonOf(outcome) };
  }
}

function textOf(output: unknown): string {
  if (output === null) return "";
  return typeof output === "string" ? output : canonicalJson(output);
}

function reasonOf(outcome: Outcome): string {
  if (outcome.kind !== "abandoned") return outcome.kind;
  const { reason, failure } = outcome;
  return failure === undefined ? reason : `${reason}: ${failure.message}`;
}
