/**
 * Which inputs of a lane become the next run. Which lane is served, and which
 * inputs wait in it, is the store's to say.
 *
 * Invariants
 *   B1  A new batch is the leading part of its lane, in order.
 *   B2  A run that exists is staged again as the same set: complete, with nobody
 *       else, whatever stands between its members by now.
 *   B3  A solo input is alone in a new batch.
 *   B4  A new batch has one boundary.
 *   B5  In the queue lane a prompt is alone, or with prompts only where the
 *       executor takes batches of them.
 *   B6  Something is selected whenever something is there.
 */
import type { Boundary, Lane, RunId } from "@holdfast/contracts";

/** A queued input as batching sees it. */
export interface Candidate {
  readonly lane: Lane;
  readonly isPrompt: boolean;
  readonly boundary: Boundary | null;
  /** The run this input already belongs to; a retry keeps it. */
  readonly runId: RunId | null;
  /** Must run alone: its batch failed, or was lost twice. */
  readonly isSolo: boolean;
}

/** What a worker would take. */
export interface BatchLimits {
  /** Most inputs of a new run, at least 1. A run that exists keeps its set whatever this says. */
  readonly maxInputs: number;
  /** The executor takes several prompts at once. */
  readonly isBatching: boolean;
}

/** Selects the next batch from the leading inputs of a lane, which are asked for one by one; empty without any. */
export function selectBatch<C extends Candidate>(inputs: Iterable<C>, limits: BatchLimits): readonly C[] {
  const batch: C[] = [];
  for (const input of inputs) {
    const first = batch[0] ?? input;
    const isMember = first === input || (first.runId === null ? joins(first, input) : input.runId === first.runId);
    if (isMember) batch.push(input);
    // Members of an older run may stand further behind; a new batch ends here.
    if (first.runId === null && (!isMember || batch.length >= limitOf(first, limits))) break;
  }
  return batch;
}

function limitOf(first: Candidate, { maxInputs, isBatching }: BatchLimits): number {
  const isAlone = first.isSolo || (first.lane === "queue" && first.isPrompt && !isBatching);
  return isAlone ? 1 : maxInputs;
}

function joins(first: Candidate, input: Candidate): boolean {
  if (input.runId !== null || input.isSolo || input.boundary !== first.boundary) return false;
  return first.lane === "steer" || input.isPrompt === first.isPrompt;
}
