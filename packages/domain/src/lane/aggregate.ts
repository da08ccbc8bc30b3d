import type { InputId, KindId } from "@holdfast/contracts";

/** Several inputs told as one: what a caller builds the input from that stands for all of them. */
export interface Aggregate {
  readonly inputId: InputId;
  /** The inputs it stands for, in order. */
  readonly sourceIds: readonly InputId[];
  /** What to say where their contents are not shown. */
  readonly text: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** Kinds of which only the latest word counts, so that an older one may be folded into it. */
const COALESCING: readonly KindId[] = ["external_event", "peer_response_progress"];

/** Whether inputs of a kind may be told as one. Somebody waits for an answer to each of the others. */
export function isCoalescingEligible(kind: KindId): boolean {
  return COALESCING.includes(kind);
}

/** Describes several inputs as one under a new id; `null` for none. */
export function describeAggregate(
  sourceIds: readonly InputId[],
  { inputId, at }: Pick<Aggregate, "inputId" | "at">,
): Aggregate | null {
  if (sourceIds.length === 0) return null;
  const text = sourceIds.length === 1 ? "1 coalesced input" : `${sourceIds.length} coalesced inputs`;
  return { inputId, sourceIds: [...sourceIds], text, at };
}
