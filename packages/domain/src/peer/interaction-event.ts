import type { InteractionEvent, Outcome } from "@holdfast/contracts";
import { canonicalJson } from "../input/fingerprint.ts";

type CallbackPending = Omit<
  Extract<InteractionEvent, { type: "interaction.callback_pending" }>,
  "type" | "interactionId"
>;

/** How an interaction ended, from how its input did. */
export function interactionEventOf(
  interactionId: string,
  outcome: Outcome | ({ readonly kind: "callback_pending" } & CallbackPending),
): InteractionEvent {
  switch (outcome.kind) {
    case "callback_pending": {
      const { toolName, args } = outcome;
      return { type: "interaction.callback_pending", interactionId, toolName, args };
    }
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

function reasonOf(outcome: { readonly kind: string } | Extract<Outcome, { kind: "abandoned" }>): string {
  if (!("reason" in outcome)) return outcome.kind;
  const { reason, failure } = outcome;
  return failure === undefined ? reason : `${reason}: ${failure.message}`;
}
