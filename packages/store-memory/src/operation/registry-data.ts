/** The registry of a session's background operations, as plain data. */
import type {
  EpochId,
  NodeId,
  OperationCursors,
  OperationId,
  OperationKind,
  OperationStatus,
  RequestId,
  RunId,
  WaitId,
} from "@holdfast/contracts";

/** Where a registry stands. */
export interface RegistryData {
  /** Counts the lives; operations are kept by it, so that what is being removed is in nobody's way. */
  readonly life: number;
  /** `null` until somebody opens the registry in this life. */
  epochId: EpochId | null;
  registered: number;
  /** Sequence of the last completion, and of the last that the session is woken for. */
  watermark: number;
  wakingThrough: number;
  droppedThrough: number;
  /** Ended operations that are kept. */
  retained: number;
  /** The oldest completion whose operation may be kept, and one before it that was passed because it is waited for. */
  evictFrom: number;
  passedFrom: number;
  cursors: OperationCursors;
  /** How often the session was told. */
  tellings: number;
  /** Processes with operations in progress. */
  owners: OwnerData[];
  wait: WaitData | null;
}

/** A process, until when it counts as heard of, and how many operations it has in progress. */
export interface OwnerData {
  readonly node: NodeId;
  until: number;
  count: number;
}

/** The wait for several operations. */
export interface WaitData {
  readonly waitId: WaitId;
  readonly node: NodeId;
  until: number;
  readonly total: number;
  seen: number;
  left: number;
}

/** The operations of one life. */
export interface LifeData {
  readonly operations: Map<OperationId, OperationData>;
  /** Those in progress; the last takes the place of one that leaves. */
  readonly active: OperationId[];
  /** Kept operations by their completions. */
  readonly kept: Map<number, OperationId>;
  readonly completions: Map<number, CompletionData>;
}

/** One operation. */
export interface OperationData {
  readonly operationId: OperationId;
  status: OperationStatus;
  readonly kind: OperationKind;
  readonly displayName: string;
  readonly childSessionId: string | null;
  /** Canonical JSON, or `null`. */
  peerHandle: string | null;
  isPeerReady: boolean;
  progressCount: number;
  owner: NodeId;
  /** Processes that wait for its end, and how many there do. */
  watchers: { readonly node: NodeId; readonly count: number }[];
  /** The wait that names it. */
  waitId: WaitId | null;
  /** The latest requests, newest first. */
  requests: RequestId[];
  readonly number: number;
  /** Its completion; 0 for none. */
  seq: number;
  readonly createdAt: number;
  startedAt: number;
  completedAt: number;
  /** Runs that are suspended on it. */
  runs: readonly RunId[];
}

/** An entry of the completion feed. */
export interface CompletionData {
  readonly operationId: OperationId;
  readonly kind: OperationKind;
  readonly displayName: string;
  /** Canonical JSON. */
  readonly outcome: string;
  readonly completedAt: number;
}

/** A registry that begins a life. */
export function newRegistry(life: number): RegistryData {
  return {
    life,
    epochId: null,
    registered: 0,
    watermark: 0,
    wakingThrough: 0,
    droppedThrough: 0,
    retained: 0,
    evictFrom: 1,
    passedFrom: 0,
    cursors: { agentApplied: 0, runtimeObserved: 0, runtimeLastInjected: 0 },
    tellings: 0,
    owners: [],
    wait: null,
  };
}

/** A life without operations. */
export function newLife(): LifeData {
  return { operations: new Map(), active: [], kept: new Map(), completions: new Map() };
}
