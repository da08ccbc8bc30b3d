import {
  type CancelMode,
  type InputId,
  type NodeId,
  type RunId,
  SCRIPT_BATCH,
  type SessionRef,
  Suspension,
} from "@holdfast/contracts";
import type { ExplainFacts, SuspendedRun } from "@holdfast/runtime";
import { readTogether } from "../connection/exec-pipeline.ts";
import type { ScriptRunner } from "../connection/script-runner.ts";
import { millisOf } from "../connection/server-time.ts";
import { FIELD } from "../layout/fields.ts";
import type { Keyspace } from "../layout/keys.ts";
import { decodeRow, ENTRY, HEAD, HOLD, RECORD, type Row, RUN } from "../layout/rows.ts";
import { readWithHolder } from "../session/find-holder.ts";
import { toSessionRecord } from "../session/redis-session-directory.ts";

/** What the facts are read with. */
export interface ExplainOptions {
  readonly scripts: Pick<ScriptRunner, "read" | "run">;
  readonly keys: Keyspace;
}

/** Rows that other rows point to: which of them to read is known only from a reading. */
interface Pointers {
  readonly steerHead: number;
  readonly queueHead: number;
  /** What will be tried at a known time; empty for none. */
  readonly timedId: string;
}

/** A session as it stood in one transaction, with what the pointers pointed to. */
interface Reading {
  readonly now: number;
  readonly head: Row<typeof HEAD>;
  readonly hold: Buffer | null;
  readonly settings: string;
  readonly labels: string;
  readonly isTorn: boolean;
  readonly dueAt: number | null;
  readonly timed: readonly Timed[];
  readonly record: Buffer | null;
}

/** A reading that covers what its own rows point to. */
interface WholeReading extends Reading {
  readonly next: ExplainFacts["nextTimed"];
}

/** An input that is tried at a time, or a run that goes on at one. */
interface Timed {
  readonly id: string;
  readonly at: number;
}

type Field = Buffer | null;
type Answers = readonly [
  time: readonly [string, string],
  rows: readonly [head: Field, hold: Field, settings: Field, marker: Field, labels: Field],
  pointed: readonly [steerFront: Field, queueFront: Field, record: Field],
  dueAt: string | null,
  first: readonly string[],
];

/** Right for a session that nobody has run yet. */
const AT_BIRTH: Pointers = { steerHead: 1, queueHead: 1, timedId: "" };
const MAX_LOOKS = 5;

/** What `explain` goes by. */
export async function explainFacts(options: ExplainOptions, ref: SessionRef): Promise<ExplainFacts | null> {
  const found = await readWithHolder(options, ref, () => readWhole(options, ref));
  return found === null ? null : toFacts(options, ref, found);
}

/** Reads in one transaction: again, until it covers what its own rows point to. */
async function readWhole(options: ExplainOptions, ref: SessionRef): Promise<WholeReading | null> {
  let pointers = AT_BIRTH;
  for (let look = 1; ; look += 1) {
    const reading = await read(options, ref, pointers);
    if (reading === null) return null;
    const found = pointersOf(reading);
    if (isSame(found, pointers)) return { ...reading, next: nextTimed(reading) };
    // A session whose front is another at every look is not waiting for a time.
    if (look === MAX_LOOKS) return { ...reading, next: null };
    pointers = found;
  }
}

/** How many suspended runs an explanation names, and how many places are looked at for them. */
const MOST_SUSPENDED = 10;
const MOST_PLACES = 10 * SCRIPT_BATCH;

/** The oldest of the parked runs that are suspended; the ring has holes where others have left it. */
async function findSuspended({ scripts, keys }: ExplainOptions, ref: SessionRef, head: Row<typeof HEAD>) {
  const { session } = keys.session(ref);
  const found: SuspendedRun[] = [];
  if (head.parked === 0) return found;
  const till = Math.min(head.parkTail, head.parkHead + MOST_PLACES);
  for (let place = head.parkHead; place < till && found.length < MOST_SUSPENDED; place += SCRIPT_BATCH) {
    const count = Math.min(SCRIPT_BATCH, till - place);
    const places = Array.from({ length: count }, (_, index) => `y${place + index + 1}`);
    const runIds = (await scripts.read((client) => client.hmget(session, ...places))).filter((id) => id !== null);
    if (runIds.length === 0) continue;
    const rows = await scripts.read((client) => client.hmgetBuffer(session, ...runIds.map((id) => FIELD.run(id))));
    found.push(...runIds.flatMap((runId, index) => suspensionOf(runId as RunId, rows[index] ?? null)));
  }
  return found.slice(0, MOST_SUSPENDED);
}

function suspensionOf(runId: RunId, row: Field): readonly SuspendedRun[] {
  const { suspension } = row === null ? { suspension: "" } : decodeRow(RUN, row);
  return suspension === "" ? [] : [{ runId, on: Suspension.parse(JSON.parse(suspension)) }];
}

async function read({ scripts, keys }: ExplainOptions, ref: SessionRef, pointers: Pointers): Promise<Reading | null> {
  const { session, member, later, due } = keys.session(ref);
  const { steerHead, queueHead, timedId } = pointers;
  const answers: unknown = await scripts.read((client) =>
    readTogether(client, (chain) =>
      chain
        .time()
        .hmgetBuffer(session, "head", "hold", "settings", "txn", "labels")
        .hmgetBuffer(session, `s${steerHead}`, `q${queueHead}`, FIELD.input(timedId))
        .zscore(due, member)
        .zrangebyscore(later, "0", "+inf", "WITHSCORES", "LIMIT", 0, 1),
    ),
  );
  return decodeReading(answers as Answers);
}

function decodeReading([time, [head, hold, settings, marker, labels], pointed, dueAt, first]: Answers): Reading | null {
  if (head === null) return null;
  const [steerFront, queueFront, record] = pointed;
  return {
    now: millisOf(time),
    head: decodeRow(HEAD, head),
    hold: isSet(hold) ? hold : null,
    settings: settings?.toString() ?? "{}",
    labels: labels?.toString() ?? "",
    isTorn: isSet(marker),
    dueAt: dueAt === null ? null : Number(dueAt),
    timed: [...blocked(steerFront), ...blocked(queueFront), ...waiting(first)],
    record,
  };
}

function isSet(field: Field): boolean {
  return field !== null && field.length > 0;
}

/** The first of a lane, if it holds its lane up until its time. */
function blocked(front: Field): readonly Timed[] {
  if (front === null) return [];
  const { inputId, runId, notBeforeAt } = decodeRow(ENTRY, front);
  return notBeforeAt > 0 ? [{ id: inputId === "" ? runId : inputId, at: notBeforeAt }] : [];
}

/** The first of those that wait outside their lane; the sentinel behind them all has no name. */
function waiting([id = "", at = "inf"]: readonly string[]): readonly Timed[] {
  return id === "" ? [] : [{ id, at: Number(at) }];
}

function firstOf({ timed }: Reading): Timed | undefined {
  return [...timed].sort((one, other) => one.at - other.at)[0];
}

function pointersOf(reading: Reading): Pointers {
  const { steerHead, queueHead } = reading.head;
  return { steerHead, queueHead, timedId: firstOf(reading)?.id ?? "" };
}

function isSame(one: Pointers, other: Pointers): boolean {
  return one.steerHead === other.steerHead && one.queueHead === other.queueHead && one.timedId === other.timedId;
}

function nextTimed(reading: Reading): ExplainFacts["nextTimed"] {
  const first = firstOf(reading);
  if (first === undefined) return null;
  const { record } = reading;
  const failures = record === null ? 0 : decodeRow(RECORD, record).failures;
  return { id: first.id as InputId | RunId, at: first.at, failures };
}

async function toFacts(
  options: ExplainOptions,
  ref: SessionRef,
  { reading, isBusy }: { readonly reading: WholeReading; readonly isBusy: boolean },
): Promise<ExplainFacts> {
  const { now, head, hold, settings, labels, isTorn, dueAt } = reading;
  return {
    record: toSessionRecord(ref, head, { hasRun: hold !== null, isBusy, settings, labels }),
    now,
    run: hold === null ? null : toRun(decodeRow(HOLD, hold)),
    dueAt,
    fruitlessSweeps: head.sweeps,
    waking: head.waking,
    isUnhosted: head.isUnhosted,
    isTorn,
    nextTimed: reading.next,
    parked: head.parked,
    continued: head.continued,
    suspended: await findSuspended(options, ref, head),
  };
}

function toRun(hold: Row<typeof HOLD>): ExplainFacts["run"] {
  const { attempt, stagedAt, leaseUntil } = hold;
  const cancelMode = hold.cancelMode === "" ? null : (hold.cancelMode as CancelMode);
  const stalledAt = hold.stalledAt === 0 ? null : hold.stalledAt;
  return {
    runId: hold.runId as RunId,
    node: hold.node as NodeId,
    attempt,
    stagedAt,
    leaseUntil,
    cancelMode,
    stalledAt,
  };
}
