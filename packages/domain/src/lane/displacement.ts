import type { InputId, KindId, Outcome, ParsedInput, PolicyDecision } from "@holdfast/contracts";
import { kindOf } from "../input/input-kind.ts";

/** What a new input does to a queued one of its scope. */
export type Displacement = "none" | "supersede" | "coalesce";

/** Kinds whose older reports are worth nothing once a newer one is there. */
const COALESCIBLE: readonly KindId[] = ["external_event", "peer_response_progress"];

/**
 * The scope within a session in which inputs displace each other, or `null` for
 * an input without a key. Different kinds never share one: a kind has no colon.
 */
export function supersessionScope(input: ParsedInput): string | null {
  return input.supersessionKey === undefined ? null : `${kindOf(input)}:${input.supersessionKey}`;
}

/**
 * Whether an input with this decision displaces the first queued input of its
 * scope, in either lane. A staged or applied one is never displaced; the store
 * looks among queued inputs only.
 */
export function displacementOf(queue: PolicyDecision["queue"]): Displacement {
  return queue === "supersede" || queue === "coalesce" ? queue : "none";
}

/** Whether a policy may coalesce inputs of this kind. */
export function isCoalescible(kind: KindId): boolean {
  return COALESCIBLE.includes(kind);
}

/** How the displaced input ends; it names its successor so that whoever waits can follow. */
export function displacedOutcome(displacement: Exclude<Displacement, "none">, successor: InputId): Outcome {
  return displacement === "supersede" ? { kind: "superseded", by: successor } : { kind: "coalesced", into: successor };
}
