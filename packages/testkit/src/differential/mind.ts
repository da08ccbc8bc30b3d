/** What the processes of a differential run know: everything they were told, and may send again. */
import type { InputId, RunId, SessionRef, SessionSettings } from "@holdfast/contracts";
import type { AdmitCommand, AdvanceCommand, ClaimCommand, StagedBatch } from "@holdfast/runtime";
import { EXECUTOR, type Worker, worker } from "../fixtures/commands.ts";
import { createIds, type IdSource, sessionRef } from "../fixtures/ids.ts";

/** A batch somebody was handed; it may be long over. */
export interface KnownBatch {
  readonly ref: SessionRef;
  readonly worker: number;
  readonly batch: StagedBatch;
}

/** See the head of this file. Lists grow at the end. */
export interface Mind {
  readonly ids: IdSource;
  now: number;
  readonly refs: readonly SessionRef[];
  readonly settings: Map<SessionRef, { readonly revision: number; readonly settings: SessionSettings }>;
  readonly digests: Map<SessionRef, string[]>;
  readonly admits: AdmitCommand[];
  readonly claims: { readonly command: ClaimCommand; readonly worker: number }[];
  readonly advances: { readonly command: AdvanceCommand; readonly worker: number }[];
  batches: readonly KnownBatch[];
  /** What a worker has in hand, by session, as far as it knows. */
  readonly inHand: Map<SessionRef, KnownBatch>;
  readonly inputs: { readonly ref: SessionRef; readonly inputId: InputId }[];
  /** Steps settled, by run. */
  readonly steps: Map<RunId, number>;
}

/** The executor that the second and the third worker host. */
export const OTHER_EXECUTOR = "another";

/** Two workers that host the usual executor, and one that does not. */
export const WORKERS: readonly Worker[] = [
  worker("first"),
  worker("second", { executors: [EXECUTOR, OTHER_EXECUTOR] }),
  worker("stranger", { executors: [OTHER_EXECUTOR] }),
];

/** Nobody knows anything. */
export function newMind(now: number): Mind {
  return {
    ids: createIds(),
    now,
    refs: [sessionRef("a|b,c;d:e"), sessionRef("other")],
    settings: new Map(),
    digests: new Map(),
    admits: [],
    claims: [],
    advances: [],
    batches: [],
    inHand: new Map(),
    inputs: [],
    steps: new Map(),
  };
}

/** The item so many before the last, around the corner; `undefined` of an empty list. */
export function back<T>(items: readonly T[], count: number): T | undefined {
  return items.length === 0 ? undefined : items[items.length - 1 - (count % items.length)];
}
