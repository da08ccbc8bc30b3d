import { type Ack, type BoundaryRef, type InputId, isoOf, type Receipt, type SessionRef } from "@holdfast/contracts";
import { GENESIS_DIGEST } from "@holdfast/domain";
import {
  type Archive,
  type ExplainFacts,
  type InputRecord,
  numbersOf,
  type Page,
  type PageQuery,
  pageOf,
  type StoredEvent,
  type SuspendedRun,
} from "@holdfast/runtime";
import { outcomeOfInput, statusOf } from "../input/input.ts";
import { LANES } from "../input/lane.ts";
import { findParked, isContinuedRun, isRunId } from "../run/continuation.ts";
import { sessionRecord } from "../session/memory-session-directory.ts";
import type { HoldData, InputData, ReceiptData, SessionData, Timed } from "../session/session-data.ts";
import { type MemoryContext, openAny, openSession } from "../session/work.ts";

/** Reads of the ledger in process. */
export function createMemoryArchive(context: MemoryContext, ack: () => Ack): Archive {
  const find = (ref: SessionRef) => openSession(context, ref)?.session ?? null;
  const findAny = (ref: SessionRef) => openAny(context, ref)?.session ?? null;
  return {
    findInput: async (ref, inputId) => {
      const session = find(ref);
      const input = session?.inputs.get(inputId);
      return session === null || input === undefined ? null : inputRecord(session, input);
    },
    listInputs: async (ref, query) => listInputs(find(ref), query),
    findReceipt: async (ref, boundary) => findReceipt(findAny(ref), boundary, ack()),
    listReceipts: async (ref, query) => listReceipts(find(ref), query, ack()),
    listEvents: async (ref, query) => listEvents(findAny(ref), query),
    findState: async (ref) => {
      const session = find(ref);
      return session === null ? null : { state: session.state, position: session.position };
    },
    explainFacts: async (ref) => explainFacts(context, ref),
    listDeadLetters: async (ref, query) => listDeadLetters(find(ref), query),
  };
}

/** An input as readers see it. */
export function inputRecord(session: SessionData, input: InputData): InputRecord {
  const receipt = session.receipts[input.position - 1];
  return {
    inputId: input.inputId,
    admission: input.admission,
    status: statusOf(session, input),
    policy: input.policy,
    attempts: input.attempts,
    failures: input.failures,
    losses: input.losses,
    runId: receipt?.runId ?? input.runId,
    notBeforeAt: input.notBeforeAt,
    admittedAt: input.admittedAt,
    changedAt: input.admittedAt + input.changedAfterMs,
    cursor: input.cursor,
    redriveOf: input.redriveOf,
    redrivenBy: input.redrivenBy,
    failure: input.failure,
    outcome: outcomeOfInput(session, input),
    payload: input.payload,
  };
}

/** A receipt as readers see it. */
function receiptAt(session: SessionData, position: number, ack: Ack): Receipt | null {
  const stored = session.receipts[position - 1];
  if (stored === undefined) return null;
  const { conversationDigest, committedAt, contributors, ...rest } = stored;
  return {
    ...rest,
    position,
    contributors: [...contributors],
    ...(conversationDigest === null ? {} : { conversationDigest }),
    previousDigest: previousReceipt(session, position)?.digest ?? GENESIS_DIGEST,
    committedAt: isoOf(committedAt),
    ack,
  };
}

function previousReceipt(session: SessionData, position: number): ReceiptData | undefined {
  return session.receipts[position - 2];
}

function recordsOf(session: SessionData, ids: readonly (InputId | null | undefined)[]): InputRecord[] {
  return ids.flatMap((inputId) => {
    const input = inputId == null ? undefined : session.inputs.get(inputId);
    return input === undefined ? [] : [inputRecord(session, input)];
  });
}

/** The page that begins where something is left. */
function beyond({ after, limit }: PageQuery, trimmed: number): PageQuery {
  return { after: Math.max(after, trimmed), limit };
}

const NOTHING = { items: [], next: null } as const;

function listInputs(session: SessionData | null, query: PageQuery): Page<InputRecord> {
  if (session === null) return NOTHING;
  // What was trimmed is passed at once, unless something that lives stands among it.
  const trimmed = session.leftTo > session.leftFrom ? 0 : session.trimmedInputs;
  const numbers = numbersOf(beyond(query, trimmed), session.admitted);
  const ids = numbers.map((number) => session.admissions[number - 1]);
  return pageOf(recordsOf(session, ids), numbers, session.admitted);
}

function listDeadLetters(session: SessionData | null, query: PageQuery): Page<InputRecord> {
  if (session === null) return NOTHING;
  const numbers = numbersOf(query, session.deadLetterCount);
  const ids = numbers.map((number) => session.deadLetters[number - 1]);
  return pageOf(recordsOf(session, ids), numbers, session.deadLetterCount);
}

function findReceipt(session: SessionData | null, { runId, sequence }: BoundaryRef, ack: Ack): Receipt | null {
  const position = session?.runs.get(runId)?.positions[sequence - 1];
  return session === null || position === undefined ? null : receiptAt(session, position, ack);
}

function listReceipts(session: SessionData | null, query: PageQuery, ack: Ack): Page<Receipt> {
  if (session === null) return NOTHING;
  const numbers = numbersOf(beyond(query, session.trimmedReceipts), session.position);
  const receipts = numbers.map((position) => receiptAt(session, position, ack));
  return pageOf(
    receipts.filter((receipt) => receipt !== null),
    numbers,
    session.position,
  );
}

function listEvents(session: SessionData | null, query: PageQuery): Page<StoredEvent> {
  if (session === null) return NOTHING;
  const numbers = numbersOf(beyond(query, session.trimmedEvents), session.cursor);
  const events = numbers.flatMap((cursor) => session.events[cursor - 1] ?? []);
  return pageOf(events, numbers, session.cursor);
}

/** Everything `explain` goes by. */
function explainFacts(context: MemoryContext, ref: SessionRef): ExplainFacts | null {
  const work = openSession(context, ref);
  if (work === null) return null;
  const { data, session, now } = work;
  return {
    record: sessionRecord(work),
    now,
    run: session.hold === null ? null : explainRun(session.hold),
    dueAt: data.due.get(session.member) ?? null,
    fruitlessSweeps: session.sweeps,
    waking: session.waking,
    isUnhosted: session.isUnhosted,
    isTorn: false, // A step of this store is one synchronous function: nothing can tear it.
    nextTimed: nextTimed(session),
    parked: session.parked,
    continued: session.continued,
    suspended: suspendedRuns(session),
  };
}

/** How many suspended runs an explanation names. */
const MOST_SUSPENDED = 10;

function suspendedRuns(session: SessionData): readonly SuspendedRun[] {
  const places = [...session.parking.places].sort(([one], [other]) => one - other);
  const found = places.flatMap(([, runId]) => {
    const on = findParked(session, runId)?.suspension ?? null;
    return on === null ? [] : [{ runId, on }];
  });
  return found.slice(0, MOST_SUSPENDED);
}

function explainRun(hold: HoldData): ExplainFacts["run"] {
  const { runId, attempt, node, stagedAt, leaseUntil, cancelMode, stalledAt } = hold;
  return { runId, attempt, node, stagedAt, leaseUntil, cancelMode, stalledAt: stalledAt === 0 ? null : stalledAt };
}

/** The input that will be tried at a known time: one that waits outside its lane, or one that blocks it. */
function nextTimed(session: SessionData): ExplainFacts["nextTimed"] {
  const blocking: readonly Timed[] = LANES.flatMap((name) => {
    const lane = session.lanes[name];
    const entry = lane.places.get(lane.head);
    if (entry === undefined) return [];
    const [id, at] = isContinuedRun(entry)
      ? [entry.runId, entry.notBeforeAt]
      : [entry, session.inputs.get(entry)?.notBeforeAt ?? 0];
    return at === 0 ? [] : [{ id, at }];
  });
  const next = [...blocking, ...session.later.slice(0, 1)].sort((one, other) => one.at - other.at)[0];
  if (next === undefined) return null;
  const failures = isRunId(next.id) ? 0 : (session.inputs.get(next.id)?.failures ?? 0);
  return { id: next.id, at: next.at, failures };
}
