/**
 * Which queued inputs become the next run.
 *
 * Invariants
 *   B1  A batch is the leading part of one lane, in order; steer before queue.
 *   B2  A waiting run is staged again as the same set, alone and complete.
 *   B3  A solo entry is always alone.
 *   B4  A batch has one boundary.
 *   B5  In the queue lane a prompt is alone, or with prompts only where the
 *       executor takes batches of them.
 *   B6  Something is selected whenever something is there.
 */
import type { Boundary, InputId, Lane, RunId } from "@holdfast/contracts";

/** A queued input as batching sees it. */
export interface Candidate {
  readonly inputId: InputId;
  readonly isPrompt: boolean;
  readonly boundary: Boundary;
  /** The run this input already belongs to; a retry keeps it. */
  readonly runId?: RunId;
  /** Must run alone: its batch failed, or it has journal entries of its own. */
  readonly isSolo: boolean;
}

/** What a batch is selected from: the leading selectable entries of both lanes, in order. */
export interface BatchRequest {
  readonly steer: readonly Candidate[];
  readonly queue: readonly Candidate[];
  /** Most inputs of a new run, at least 1. A run that exists keeps its set whatever this says. */
  readonly maxInputs: number;
  /** The executor takes several prompts at once. */
  readonly canBatchPrompts: boolean;
}

/** The inputs to stage as one run. */
export interface Batch {
  readonly lane: Lane;
  readonly boundary: Boundary;
  /** Set when the batch is another attempt of a run that exists. */
  readonly runId?: RunId;
  /** Never empty. */
  readonly inputIds: readonly InputId[];
}

/** Selects the next batch, or `null` when both lanes are empty. */
export function selectBatch(request: BatchRequest): Batch | null {
  const lane: Lane = request.steer.length > 0 ? "steer" : "queue";
  const candidates = request[lane];
  const head = candidates[0];
  if (head === undefined) return null;
  const batch = { lane, boundary: head.boundary };
  if (head.runId !== undefined) {
    return { ...batch, runId: head.runId, inputIds: leading(candidates, head, isSameRun) };
  }
  const limit = canGrow(head, lane, request) ? Math.max(1, request.maxInputs) : 1;
  const isSameKind = (first: Candidate, next: Candidate) => lane === "steer" || first.isPrompt === next.isPrompt;
  const canJoin = (first: Candidate, next: Candidate) => isSameNewRun(first, next) && isSameKind(first, next);
  return { ...batch, inputIds: leading(candidates.slice(0, limit), head, canJoin) };
}

function canGrow(head: Candidate, lane: Lane, request: BatchRequest): boolean {
  if (head.isSolo) return false;
  return lane === "steer" || !head.isPrompt || request.canBatchPrompts;
}

function isSameRun(first: Candidate, next: Candidate): boolean {
  return next.runId === first.runId && !first.isSolo && !next.isSolo;
}

function isSameNewRun(first: Candidate, next: Candidate): boolean {
  return next.runId === undefined && !next.isSolo && next.boundary === first.boundary;
}

/** The head and what follows it without a gap. */
function leading(
  candidates: readonly Candidate[],
  head: Candidate,
  canJoin: (first: Candidate, next: Candidate) => boolean,
): readonly InputId[] {
  const end = candidates.findIndex((next, index) => index > 0 && !canJoin(head, next));
  return candidates.slice(0, end === -1 ? candidates.length : end).map(({ inputId }) => inputId);
}
