/**
 * A session as canonical plain JSON: everything there is to know about it, in
 * terms that do not depend on how a store keeps it. Two stores that went through
 * the same calls have equal images.
 */
import type {
  ControlReport,
  FailureReport,
  Labels,
  PolicyDecision,
  SessionRef,
  SessionSettings,
} from "@holdfast/contracts";
import type { SettledStep, StoredEvent } from "@holdfast/runtime";
import type { CompletionData, OperationData, RegistryData } from "../operation/registry-data.ts";
import { isContinuedRun } from "../run/continuation.ts";
import type { Chore } from "../session/chore.ts";
import { SCHEDULES_SUFFIX } from "../session/schedules.ts";
import type {
  ContinuedRun,
  DrainData,
  Follower,
  HoldData,
  InputData,
  LaneData,
  LastSettlement,
  LeaveData,
  ReceiptData,
  Ring,
  RunData,
  SessionData,
  Timed,
} from "../session/session-data.ts";
import type { MemoryContext } from "../session/work.ts";
import type { StreamData, StreamsData } from "../stream/stream-data.ts";

/** A session, complete. */
export interface SessionImage {
  readonly phase: string;
  readonly generation: number;
  readonly settings: SessionSettings;
  readonly settingsRevision: number;
  readonly executor: string | null;
  readonly versions: string;
  readonly isHeld: boolean;
  readonly isListed: boolean;
  /** The session's own note, and the index that announcing an executor reads. */
  readonly isUnhosted: boolean;
  readonly isParked: boolean;
  readonly counters: SessionCounters;
  readonly warm: { readonly node: string | null; readonly until: number };
  readonly position: number;
  readonly digest: string;
  readonly state: string | null;
  /** Last token of the session's bucket. */
  readonly token: number;
  readonly dueAt: number | null;
  readonly lanes: { readonly steer: LaneImage; readonly queue: LaneImage };
  readonly later: readonly Timed[];
  readonly expiries: readonly Timed[];
  readonly hold: HoldData | null;
  readonly last: Omit<LastSettlement, "claimId"> | null;
  readonly chores: readonly Chore[];
  /** In the order of admission. */
  readonly inputs: readonly InputImage[];
  readonly keys: Readonly<Record<string, string>>;
  readonly scopes: Readonly<Record<string, string>>;
  readonly scopeRing: RingImage;
  readonly receipts: readonly ReceiptData[];
  readonly left: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
  readonly runs: Readonly<Record<string, RunData>>;
  readonly journals: Readonly<Record<string, readonly SettledStep[]>>;
  readonly checkpoints: Readonly<Record<string, string>>;
  readonly resumptions: Readonly<Record<string, string>>;
  readonly streams: StreamsImage;
  /** Places of the ring of parked runs. */
  readonly parking: { readonly head: number; readonly tail: number; readonly places: Readonly<Record<string, string>> };
  readonly events: readonly StoredEvent[];
  readonly deadLetters: readonly string[];
  readonly endings: Readonly<Record<string, string>>;
  readonly reports: Readonly<Record<string, ControlReport>>;
  readonly requests: RingImage;
  readonly leave: LeaveData | null;
  readonly unregistered: Readonly<Record<string, LeaveData>>;
  readonly isAway: boolean;
  readonly resumeRequests: Readonly<Record<string, string>>;
  readonly followers: readonly Follower[];
  readonly isOwing: boolean;
  readonly registry: RegistryData | null;
  /** Operations by life; a life without any is left out. */
  readonly lives: Readonly<Record<string, LifeImage>>;
  readonly labels: Labels;
  /** Events of callers by request. */
  readonly published: Readonly<Record<string, { readonly cursor: number; readonly digest: string }>>;
  readonly schedules: { readonly version: number; readonly rows: string };
  /** When somebody must look at the schedules. */
  readonly schedulesAt: number | null;
  readonly drain: DrainData;
}

/** Names in their order, after one place and up to another. */
export interface RingImage extends Omit<Ring, "names"> {
  readonly names: Readonly<Record<string, string>>;
}

/** The streams of a session. */
export interface StreamsImage extends Omit<StreamsData, "places" | "byRun"> {
  readonly places: Readonly<Record<string, string>>;
  readonly byRun: Readonly<
    Record<string, Omit<StreamData, "parts"> & { readonly parts: Readonly<Record<string, string>> }>
  >;
}

/** The operations of one life of a registry. */
export interface LifeImage {
  readonly operations: Readonly<Record<string, OperationData>>;
  readonly active: readonly string[];
  readonly kept: Readonly<Record<string, string>>;
  readonly completions: Readonly<Record<string, CompletionData>>;
}

/** What a session counts. */
export interface SessionCounters {
  readonly admitted: number;
  readonly wokenThrough: number;
  readonly queued: number;
  readonly waking: number;
  readonly scheduled: number;
  readonly passing: number;
  readonly expiring: number;
  readonly epoch: number;
  readonly sweeps: number;
  readonly cursor: number;
  readonly deadLetters: number;
  readonly openLetters: number;
  readonly trimmedEvents: number;
  readonly trimmedInputs: number;
  readonly trimmedReceipts: number;
  readonly leftFrom: number;
  readonly leftTo: number;
  readonly parked: number;
  readonly continued: number;
  readonly timers: number;
  readonly awaiting: number;
  readonly lookAt: number;
}

/** A lane: its ends, and which input stands at which place. */
export interface LaneImage {
  readonly head: number;
  readonly tail: number;
  readonly places: readonly ({ readonly place: number } & ({ readonly inputId: string } | ContinuedRun))[];
}

/** An input without what follows from the rest of its row. */
export interface InputImage extends Omit<InputData, "payloadBytes" | "policy"> {
  readonly policy: PolicyDecision;
  readonly failure: FailureReport | null;
}

/** The image of a session, or `null` for an unknown one. */
export function sessionImage(context: MemoryContext, ref: SessionRef): SessionImage | null {
  const data = context.data();
  const session = [...data.sessions.values()].find((candidate) => isSame(candidate.ref, ref));
  if (session === undefined) return null;
  const { member, executor } = session;
  const parked = executor === null ? undefined : data.unhosted.get(executor);
  return structuredClone({
    ...standing(session),
    isListed: data.listed.includes(member),
    isParked: parked?.includes(member) ?? false,
    token: data.token,
    dueAt: data.due.get(member) ?? null,
    schedulesAt: data.due.get(`${member}${SCHEDULES_SUFFIX}`) ?? null,
    ...record(session),
  });
}

function isSame(one: SessionRef, other: SessionRef): boolean {
  return one.tenantId === other.tenantId && one.sessionId === other.sessionId;
}

function standing(session: SessionData) {
  const { phase, generation, settings, settingsRevision, executor, versions, isHeld, isUnhosted } = session;
  const { admitted, wokenThrough, queued, waking, scheduled, passing, expiring, epoch, sweeps, cursor } = session;
  const { position, digest, state } = session;
  return {
    phase,
    generation,
    settings,
    settingsRevision,
    executor,
    versions,
    isHeld,
    isUnhosted,
    counters: {
      admitted,
      wokenThrough,
      queued,
      waking,
      scheduled,
      passing,
      expiring,
      epoch,
      sweeps,
      cursor,
      deadLetters: session.deadLetterCount,
      openLetters: session.openLetters,
      trimmedEvents: session.trimmedEvents,
      trimmedInputs: session.trimmedInputs,
      trimmedReceipts: session.trimmedReceipts,
      leftFrom: session.leftFrom,
      leftTo: session.leftTo,
      parked: session.parked,
      continued: session.continued,
      timers: session.timers,
      awaiting: session.awaiting,
      lookAt: session.lookAt,
    },
    warm: { node: session.warmNode, until: session.warmUntil },
    position,
    digest,
    state,
  };
}

function record(session: SessionData) {
  return {
    lanes: { steer: laneImage(session.lanes.steer), queue: laneImage(session.lanes.queue) },
    later: session.later,
    expiries: session.expiries,
    hold: session.hold,
    last: lastImage(session.last),
    chores: session.chores,
    inputs: [...session.inputs.values()].map(inputImage),
    keys: recordOf(session.keys),
    scopes: recordOf(session.scopes),
    scopeRing: ringImage(session.scopeRing),
    // Those that were trimmed leave holes.
    receipts: session.receipts.filter(() => true),
    left: recordOf(session.left),
    outputs: recordOf(session.outputs),
    runs: recordOf(session.runs),
    journals: recordOf(session.journals, (steps) => [...steps].sort(([a], [b]) => a - b).map(([, step]) => step)),
    checkpoints: recordOf(session.checkpoints),
    resumptions: recordOf(session.resumptions),
    streams: streamsImage(session),
    parking: { ...session.parking, places: recordOf(session.parking.places) },
    // A purge leaves holes.
    events: session.events.filter(() => true),
    deadLetters: session.deadLetters.filter((inputId) => inputId !== null),
    endings: recordOf(session.endings),
    reports: recordOf(session.reports),
    requests: ringImage(session.requests),
    leave: session.leave,
    unregistered: recordOf(session.unregistered),
    isAway: session.isAway,
    resumeRequests: recordOf(session.resumeRequests),
    followers: session.followers,
    isOwing: session.isOwing,
    registry: session.registry,
    lives: livesImage(session),
    labels: session.labels,
    published: recordOf(session.published),
    schedules: session.schedules,
    drain: session.drain,
  };
}

function ringImage(ring: Ring): RingImage {
  return { ...ring, names: recordOf(ring.names) };
}

function streamsImage({ streams }: SessionData): StreamsImage {
  const imageOf = (stream: StreamData) => ({ ...stream, parts: recordOf(stream.parts) });
  return { ...streams, places: recordOf(streams.places), byRun: recordOf(streams.byRun, imageOf) };
}

function livesImage({ lives }: SessionData): Record<string, LifeImage> {
  const used = [...lives].filter(([, { operations, completions }]) => operations.size + completions.size > 0);
  const images = used.map(([life, { operations, active, kept, completions }]): [number, LifeImage] => {
    const image = {
      operations: recordOf(operations),
      active,
      kept: recordOf(kept),
      completions: recordOf(completions),
    };
    return [life, image];
  });
  return recordOf(new Map(images));
}

// The boundary id carries the claim id.
function lastImage(last: LastSettlement | null): Omit<LastSettlement, "claimId"> | null {
  if (last === null) return null;
  const { claimId: _follows, ...rest } = last;
  return rest;
}

function laneImage({ head, tail, places }: LaneData): LaneImage {
  const entries = [...places].sort(([one], [other]) => one - other);
  return {
    head,
    tail,
    places: entries.map(([place, entry]) => ({ place, ...(isContinuedRun(entry) ? entry : { inputId: entry }) })),
  };
}

function inputImage({ payloadBytes: _follows, ...input }: InputData): InputImage {
  return input;
}

function recordOf<T, R = T>(map: ReadonlyMap<string | number, T>, render?: (value: T) => R): Record<string, R> {
  const entries = [...map].map(([key, value]): [string, R] => [
    String(key),
    render === undefined ? (value as unknown as R) : render(value),
  ]);
  return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
}
