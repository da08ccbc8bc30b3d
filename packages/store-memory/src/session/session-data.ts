/**
 * What the store keeps, as plain data: no functions and no classes, so that the
 * whole of it can be copied, set aside and put back.
 */
import type {
  AbandonReason,
  Boundary,
  CancelMode,
  ClaimId,
  ControlReport,
  DeliveryDisposition,
  DeliveryId,
  DeliverySubmission,
  FailureReport,
  InputId,
  InputStatus,
  KindId,
  Labels,
  Lane,
  NodeId,
  Obligation,
  ObligationStatus,
  PolicyDecision,
  ReceiptResult,
  RequestId,
  RunId,
  RunStatus,
  SessionPhase,
  SessionRef,
  SessionSettings,
  Suspension,
} from "@holdfast/contracts";
import type { SettledStep, StoredEvent, WorkerRecord } from "@holdfast/runtime";
import type { LifeData, RegistryData } from "../operation/registry-data.ts";
import type { StreamsData } from "../stream/stream-data.ts";
import type { Chore } from "./chore.ts";

/** A blob, and when it was put last. */
export interface BlobData {
  readonly content: Uint8Array;
  readonly at: number;
}

/** Everything a store holds. */
export interface StoreData {
  /** Sessions by index member. */
  readonly sessions: Map<string, SessionData>;
  /** When somebody must look at a session, by member. */
  readonly due: Map<string, number>;
  /** Members that a listing names, in order. */
  readonly listed: string[];
  /** Members that wait for an executor, by its name, in order. */
  readonly unhosted: Map<string, string[]>;
  readonly workers: Map<NodeId, WorkerRecord>;
  /** Blobs, by member and name: beside sessions, because they may be put before there is one. */
  readonly blobs: Map<string, Map<string, BlobData>>;
  /** Delivery inboxes by member: beside sessions, because they may exist without one. */
  readonly inboxes: Map<string, InboxData>;
  /** Where consumers of events stand, by member and name. */
  readonly consumers: Map<string, Map<string, number>>;
  /** The last token handed out; never goes back, outlives every session. */
  token: number;
}

/** The delivery inbox of a session. */
export interface InboxData {
  readonly ref: SessionRef;
  /** Sequences of the last delivery that was committed, that was applied, that was let go. */
  committed: number;
  applied: number;
  trimmed: number;
  readonly deliveries: Map<DeliveryId, DeliveryData>;
  /** By sequence; empty once it was let go. */
  readonly submissions: Map<number, DeliverySubmission | null>;
}

/** What identifies a delivery, and what became of it. */
export interface DeliveryData {
  readonly sequence: number;
  readonly sourceSequence: number;
  readonly digest: string;
  disposition: DeliveryDisposition | null;
}

/** One session. */
export interface SessionData {
  readonly ref: SessionRef;
  /** How indexes name it. */
  readonly member: string;
  phase: SessionPhase;
  generation: number;
  settings: SessionSettings;
  settingsRevision: number;
  labels: Labels;
  /** Events of callers, by request id. */
  readonly published: Map<RequestId, { readonly cursor: number; readonly digest: string }>;
  executor: string | null;
  /** Range of versions of the executor; empty for any. */
  versions: string;
  /** A failed input blocks its lane. */
  isHeld: boolean;
  /** Listed as waiting for its executor. */
  isUnhosted: boolean;
  admitted: number;
  /** Everything admitted up to here counts as woken. */
  wokenThrough: number;
  /** Inputs in the lanes, and those of them that wake the session. */
  queued: number;
  waking: number;
  /** Inputs that wait for a time, outside the lanes. */
  scheduled: number;
  /** Ephemeral and derived ones that are queued or wait for a time. */
  passing: number;
  /** No input that waits for a time has a place before this one; says nothing while none waits. */
  waitingFrom: number;
  /** Opaque, and how often it was written. */
  schedules: { readonly version: number; readonly rows: string };
  /** Inputs of this generation that end at a time unless they are staged before it. */
  expiring: number;
  readonly lanes: Readonly<Record<Lane, LaneData>>;
  /** Those that wait for a time, earliest first. */
  readonly later: Timed[];
  /** Those that end at a time, earliest first. */
  readonly expiries: Timed[];
  /** Inputs of runs that lie in the run table until they go on. */
  parked: number;
  /** Places of the lanes at which such a run stands. */
  continued: number;
  /** Runs that go on at a time. */
  timers: number;
  /** Runs that are suspended on an operation. */
  awaiting: number;
  /** When somebody must look whether the processes of operations are still heard of; 0 while no run waits for one. */
  lookAt: number;
  /** The ring of parked runs: places after `head`, up to `tail`. */
  readonly parking: { head: number; tail: number; readonly places: Map<number, RunId> };
  epoch: number;
  sweeps: number;
  warmNode: NodeId | null;
  warmUntil: number;
  position: number;
  digest: string;
  state: string | null;
  hold: HoldData | null;
  last: LastSettlement | null;
  readonly chores: Chore[];
  readonly inputs: Map<InputId, InputData>;
  /** Inputs by admission number, from 1. */
  readonly admissions: InputId[];
  /** Owner of a key whose input has an id of its own. */
  readonly keys: Map<InputId, InputId>;
  /** Latest input of a displacement scope; the scopes in the order in which they came. */
  readonly scopes: Map<string, InputId>;
  scopeRing: Ring;
  readonly receipts: ReceiptData[];
  /** Outputs by position. */
  readonly outputs: Map<number, string>;
  readonly runs: Map<RunId, RunData>;
  readonly journals: Map<RunId, Map<number, SettledStep>>;
  /** What runs keep from their last boundary, and what they were resumed with, as canonical JSON. */
  readonly checkpoints: Map<RunId, string>;
  readonly resumptions: Map<RunId, string>;
  readonly streams: StreamsData;
  readonly events: StoredEvent[];
  cursor: number;
  /** By number, from 1; `null` for one that was decided about. */
  readonly deadLetters: (InputId | null)[];
  deadLetterCount: number;
  /** Of the dead letters, those that nobody has redriven or discarded. */
  openLetters: number;
  /** Up to which events, admissions and receipts were trimmed; the last receipt that was stays. */
  trimmedEvents: number;
  trimmedInputs: number;
  trimmedReceipts: number;
  /** The ring of inputs that trimming passed because they lived. */
  readonly left: Map<number, InputId>;
  leftFrom: number;
  leftTo: number;
  /** Why an ended generation ended. */
  readonly endings: Map<number, AbandonReason>;
  readonly reports: Map<RequestId, ControlReport>;
  /** What request ids were used for, in their order. */
  readonly requests: Ring;
  drain: DrainData;
  /** An unregistration under way. */
  leave: LeaveData | null;
  /** Unregistrations that are over. */
  readonly unregistered: Map<RequestId, LeaveData>;
  /** It was unregistered: unknown to every call but a registration. */
  isAway: boolean;
  /** Which run a request resumed. */
  readonly resumeRequests: Map<RequestId, RunId>;
  readonly followers: Follower[];
  /** Background operations; `null` before anybody opened their registry. */
  registry: RegistryData | null;
  /** Operations by the life of the registry that they belong to. */
  readonly lives: Map<number, LifeData>;
  /** Detached work has ended since the session was last woken for it. */
  isOwing: boolean;
}

/** A ring of places; one without an input is a hole that is skipped at the front. */
export interface LaneData {
  head: number;
  tail: number;
  readonly places: Map<number, InputId | ContinuedRun>;
}

/** Stands in a lane for a parked run that goes on. */
export interface ContinuedRun {
  readonly runId: RunId;
  /** Earliest time of its next attempt; 0 for at once. */
  readonly notBeforeAt: number;
}

/** An input that waits for a time, or a run that goes on at one. */
export interface Timed {
  readonly id: InputId | RunId;
  readonly at: number;
}

/** One input. */
export interface InputData {
  readonly inputId: InputId;
  readonly admission: number;
  readonly fingerprint: string;
  status: InputStatus;
  readonly policy: PolicyDecision;
  readonly isPrompt: boolean;
  readonly isEphemeral: boolean;
  /** Runs alone: its batch failed once or was lost twice. */
  isSolo: boolean;
  isWaking: boolean;
  /** Waits for its time outside the lane. */
  isWaiting: boolean;
  readonly lane: Lane;
  place: number;
  boundary: Boundary | null;
  runId: RunId | null;
  attempts: number;
  failures: number;
  losses: number;
  notBeforeAt: number;
  readonly generation: number;
  nodes: NodeId[];
  /** Receipt that consumed or cancelled it; 0 for none. */
  position: number;
  /** Successor of a displaced input, reason of an abandoned one. */
  detail: string;
  readonly admittedAt: number;
  /** Milliseconds from its admission to its latest change. */
  changedAfterMs: number;
  /** Cursor of the fact that it was admitted. */
  cursor: number;
  readonly correlationId: string | null;
  /** Its number among the dead letters while it is one of them; 0 for none. */
  letter: number;
  /** Id that its key derives, where its own is another. */
  readonly keyedId: InputId | null;
  /** The dead letter it was made of, and what was made of it. */
  readonly redriveOf: InputId | null;
  redrivenBy: InputId | null;
  /** It tells the session of detached work that ended; dropped, it must be told again. */
  readonly isTelling: boolean;
  readonly payload: string;
  /** Bytes the payload counts for in a batch. */
  readonly payloadBytes: number;
  failure: FailureReport | null;
  readonly kind: KindId;
  /** It ends then unless it was staged; 0 for never, and once it was. */
  expiresAt: number;
  /** When the first of its debounced series came; 0 outside of one. */
  debouncedAt: number;
}

/** The staged run and who holds it. */
export interface HoldData {
  readonly runId: RunId;
  readonly attempt: number;
  /** The boundary it works toward. */
  sequence: number;
  readonly token: number;
  readonly claimId: ClaimId;
  readonly node: NodeId;
  leaseUntil: number;
  /** Length of the lease, as its holder has it. */
  leaseMs: number;
  readonly stagedAt: number;
  /** How it was asked to end; `null` while nobody did. */
  cancelMode: CancelMode | null;
  readonly boundary: Boundary;
  /** Steps of the run that are settled. */
  journal: number;
  /** Inputs without a committed boundary, in order. */
  staged: readonly InputId[];
  /** Cursor of the fact that the attempt was started. */
  readonly startedCursor: number;
  /** Somebody must look at the session by then, although its lease is renewed; 0 for never. */
  lookAt: number;
  /** The run is taken up again as a whole: a boundary of it is committed, or inputs have joined it. */
  isSteered: boolean;
  /** Inputs of its committed boundaries. */
  applied: readonly InputId[];
  /** Checkpoint calls of this attempt, what the last one said, and what it took. */
  calls: number;
  callDigest: string;
  taken: readonly InputId[];
  /** When something was last seen of the run; 0 for not since its staging. */
  progressAt: number;
  /** When it was noted that nothing was seen for long; 0 while it was not. */
  stalledAt: number;
  /** An input asked for attention since the inbox was looked into. */
  isAttentionAsked: boolean;
  /** The run has written into its stream. */
  isStreamed: boolean;
}

/** An unregistration. */
export interface LeaveData {
  readonly requestId: RequestId;
  readonly phaseBefore: SessionPhase;
  readonly since: number;
  readonly obligations: Record<Obligation, ObligationStatus>;
  inputsAbandoned: number;
  abortedRunId: RunId | null;
}

/** The latest settlement, to recognise its repetition. */
export interface LastSettlement {
  readonly boundaryId: string;
  readonly claimId: ClaimId;
  readonly settlementDigest: string;
  readonly position: number;
  readonly committedAt: number;
  readonly cursor: number;
  /** Token of the batch staged in the same call; 0 for none. */
  readonly nextToken: number;
  /** Every input that ended, with who waited for it. */
  readonly ended: readonly { readonly inputId: InputId; readonly nodes: readonly NodeId[] }[];
}

/** A run whose first attempt has ended. */
export interface RunData {
  status: RunStatus;
  attempts: number;
  journal: number;
  /** Boundaries committed. */
  sequence: number;
  readonly positions: number[];
  /** Inputs of the latest attempt, unless a receipt names them. */
  inputs: readonly InputId[];
  /** While it is parked: its inputs without and with a committed boundary. */
  staged: readonly InputId[];
  applied: readonly InputId[];
  boundary: Boundary | null;
  /** The lane it goes on in. */
  lane: Lane | null;
  /** Its place in the ring of parked runs; 0 while it is not parked. */
  place: number;
  generation: number;
  /** When it goes on by itself; 0 for not by itself. */
  timerAt: number;
  suspension: Suspension | null;
  /** It has written into its stream, which may be kept no longer. */
  isStreamed: boolean;
}

/** A receipt as stored; its position is its place, its previous digest that of the one before. */
export interface ReceiptData {
  readonly runId: RunId;
  readonly sequence: number;
  readonly boundary: Boundary;
  readonly result: ReceiptResult;
  readonly contributors: readonly InputId[];
  readonly token: number;
  readonly claimId: ClaimId;
  readonly generation: number;
  readonly committedAt: number;
  readonly contentDigest: string;
  readonly conversationDigest: string | null;
  readonly messageCount: number;
  readonly digest: string;
}

/** A process that wants to be told of a session's events for a while. */
export interface Follower {
  readonly node: NodeId;
  readonly until: number;
}

/** Names in the order in which they came, at the places after `from`, up to `to`. */
export interface Ring {
  from: number;
  to: number;
  readonly names: Map<number, string>;
}

/** A ring without names. */
export function newRing(): Ring {
  return { from: 0, to: 0, names: new Map() };
}

/** A store without sessions. */
export function newStoreData(): StoreData {
  return {
    sessions: new Map(),
    due: new Map(),
    listed: [],
    unhosted: new Map(),
    workers: new Map(),
    blobs: new Map(),
    inboxes: new Map(),
    consumers: new Map(),
    token: 0,
  };
}

/** Which process drains the peer inbox, and what outlives it. */
export interface DrainData {
  isKeepAlive: boolean;
  /** Generations below this one are dismissed. */
  dismissedBefore: number;
  holder: { readonly drainId: string; readonly node: NodeId; leaseUntil: number; leaseMs: number } | null;
}

/** A slot that nobody asked for. */
export function newDrainData(): DrainData {
  return { isKeepAlive: false, dismissedBefore: 0, holder: null };
}
