/** What the processes of a differential run know: everything they were told, and may send again. */
import type { EpochId, InputId, OperationId, RunId, SessionRef, SessionSettings } from "@holdfast/contracts";
import type {
  AdmitCommand,
  AdvanceCommand,
  AppendCommand,
  BeginRunCommand,
  CheckpointCommand,
  ClaimCommand,
  StagedBatch,
} from "@holdfast/runtime";
import { EXECUTOR, type Worker, worker } from "../fixtures/commands.ts";
import { createIds, type IdSource, sessionRef } from "../fixtures/ids.ts";

/** A batch somebody was handed; it may be long over. */
export interface KnownBatch {
  readonly ref: SessionRef;
  readonly worker: number;
  readonly batch: StagedBatch;
}

/** What a session needs before work makes sense. */
export type Need = "register" | "recycle" | "chores" | "input" | "successor";

/** How a session stands, as far as somebody was told. */
export interface Standing {
  ref: SessionRef;
  settings: { readonly revision: number; readonly settings: SessionSettings };
  digests: readonly string[];
  needs: Need | null;
  /** When its work may go on. */
  dueAt: number;
  /** The queued input that a newer one could have joined. */
  mergeable: InputId | null;
  /** What a worker has in hand: at most one batch. */
  readonly inHand: Set<KnownBatch>;
}

/** See the head of this file. Lists grow at the end. */
export interface Mind {
  readonly ids: IdSource;
  now: number;
  /** The answer to the next call is lost. */
  isReplyLost: boolean;
  readonly standings: readonly Standing[];
  /** Sessions that were destroyed and have a successor. */
  readonly former: SessionRef[];
  readonly admits: AdmitCommand[];
  readonly claims: { readonly command: ClaimCommand; readonly worker: number }[];
  readonly advances: { readonly command: AdvanceCommand; readonly worker: number }[];
  batches: readonly KnownBatch[];
  readonly inputs: { readonly ref: SessionRef; readonly inputId: InputId }[];
  /** Inputs that were abandoned: most of them are dead letters. */
  readonly letters: { readonly ref: SessionRef; readonly inputId: InputId }[];
  /** Steps settled, by run. */
  readonly steps: Map<RunId, number>;
  /** Checkpoint calls of an attempt that were taken, by its token, and the last of them. */
  readonly calls: Map<number, number>;
  readonly checkpoints: Map<number, CheckpointCommand>;
  /** Chunks that an attempt has written into its stream, by its token, and the last of its calls. */
  readonly written: Map<number, { readonly chunks: number; readonly last: AppendCommand | null }>;
  /** Runs that were suspended. */
  readonly suspended: { readonly ref: SessionRef; readonly runId: RunId }[];
  /** Runs that senders began. */
  readonly begins: { readonly command: BeginRunCommand; readonly worker: number }[];
  /** Versions of schedules that were saved. */
  readonly schedules: Map<SessionRef, number>;
  readonly registries: Map<SessionRef, KnownRegistry>;
  /** Operations so far, for their ids. */
  operations: number;
}

/** What is known of a session's background operations. */
export interface KnownRegistry {
  /** Of the life that somebody opened, and of the one before; `null` for none. */
  epochId: EpochId | null;
  former: EpochId | null;
  readonly operations: OperationId[];
  /** The one that a run was suspended on last. */
  awaited: OperationId | null;
  /** How often it was opened, for the ids of epochs. */
  opened: number;
}

/** The executor that the second and the third worker host. */
export const OTHER_EXECUTOR = "another";

/** A range that the second worker lies in, about which the first says nothing. */
export const VERSIONS = "1.x || ^2.1";

/** Two workers that host the usual executor, and one that does not. */
export const WORKERS: readonly Worker[] = [
  worker("first"),
  worker("second", {
    executors: [EXECUTOR, OTHER_EXECUTOR],
    ranges: [{ executor: EXECUTOR, versions: VERSIONS }],
  }),
  worker("stranger", { executors: [OTHER_EXECUTOR], declined: { executor: EXECUTOR, versions: VERSIONS } }),
];

/** Nobody knows anything. */
export function newMind(now: number): Mind {
  return {
    ids: createIds(),
    now,
    isReplyLost: false,
    standings: ["a|b,c;d:e", "other"].map((name) => newStanding(sessionRef(name))),
    former: [],
    admits: [],
    claims: [],
    advances: [],
    batches: [],
    inputs: [],
    letters: [],
    steps: new Map(),
    calls: new Map(),
    checkpoints: new Map(),
    written: new Map(),
    suspended: [],
    begins: [],
    schedules: new Map(),
    registries: new Map(),
    operations: 0,
  };
}

function newStanding(ref: SessionRef): Standing {
  const settings = { revision: 0, settings: { silentIntents: [] } };
  return { ref, settings, digests: [], needs: "register", dueAt: 0, mergeable: null, inHand: new Set() };
}

/** Replaces a destroyed session by one that nobody has used. */
export function succeed(mind: Mind, standing: Standing): void {
  mind.former.push(standing.ref);
  Object.assign(standing, newStanding(sessionRef(`successor ${mind.former.length}`)));
}

/** How the session of a reference stands; `undefined` for a former one. */
export function standingOf(mind: Mind, ref: SessionRef): Standing | undefined {
  return mind.standings.find((standing) => standing.ref === ref);
}

/** An operation that nobody has begun. */
export const NOBODY = "opr_nobody" as OperationId;

/** The operation of a session that was begun last, or one that nobody has begun. */
export function latestOperation(mind: Mind, ref: SessionRef): OperationId {
  return registryOf(mind, ref).operations.at(-1) ?? NOBODY;
}

/** What is known of a session's background operations. */
export function registryOf(mind: Mind, ref: SessionRef): KnownRegistry {
  const known = mind.registries.get(ref) ?? { epochId: null, former: null, operations: [], awaited: null, opened: 0 };
  mind.registries.set(ref, known);
  return known;
}

/** Every session there ever was. */
export function everySession(mind: Mind): readonly SessionRef[] {
  return [...mind.former, ...mind.standings.map(({ ref }) => ref)];
}

/** The item so many before the last, around the corner; `undefined` of an empty list. */
export function back<T>(items: readonly T[], count: number): T | undefined {
  return items.length === 0 ? undefined : items[items.length - 1 - (count % items.length)];
}
