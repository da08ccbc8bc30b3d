/**
 * Reads everything a session is stored in and says it in the terms of a
 * `SessionImage`. A field it does not know, or a lane entry that disagrees with
 * its input's row, is an error: an image leaves nothing out.
 */
import { type ControlReport, type FailureReport, KindId, type SessionRef } from "@holdfast/contracts";
import { decodePolicy } from "@holdfast/domain";
import type { SessionImage } from "@holdfast/store-memory";
import type { Redis } from "ioredis";
import { decodeEvent } from "../src/archive/decode-event.ts";
import type { Keyspace } from "../src/index.ts";
import { decodeColumnText } from "../src/layout/column.ts";
import {
  CHORE,
  decodeRow,
  ENTRY,
  HEAD,
  HOLD,
  LAST,
  LEAVE,
  RECEIPT,
  RECORD,
  REPORT,
  type Row,
  RUN,
} from "../src/layout/rows.ts";

/** Where times of expiry stand in the set of those that wait; see `lua/lib/session.lua`. */
const EXPIRY_OFFSET = 1e15;

import { dumpCallers } from "./dump-callers.ts";
import { dumpOperations } from "./dump-operations.ts";
import { dumpStreams } from "./dump-streams.ts";

type Fields = ReadonlyMap<string, Buffer>;
type Head = Row<typeof HEAD>;
/** Rows of the dump carry plain text where the model has branded ids. */
type Loose<T> = { readonly [K in keyof T]: unknown };

/** The image of a session on Redis, or `null` for an unknown one. */
export async function dumpSession(client: Redis, keys: Keyspace, ref: SessionRef): Promise<SessionImage | null> {
  const { session, member, list } = keys.session(ref);
  const [, later = "", due = "", meta = "", index = ""] = list;
  const answers = await client
    .pipeline()
    .hgetallBuffer(session)
    .zrange(later, "0", "-1", "WITHSCORES")
    .zscore(due, member)
    .hget(meta, "token")
    .zscore(index, `d ${member}`)
    .zrangebylex(index, "[u ", "[u \xff")
    .zscore(due, `${member}.t`)
    .exec();
  const [stored, waiting, dueAt, token, listed, parked, schedulesAt] = (answers ?? []).map(([error, value]) => {
    if (error) throw error;
    return value;
  }) as [Record<string, Buffer>, string[], string | null, string, string | null, string[], string | null];
  const fields: Fields = new Map(Object.entries(stored));
  // A consumer may have a place in a session that is not there yet.
  if (!fields.has("head") && !fields.has("away")) return null;
  assertKnown(fields);
  const head = decodeRow(HEAD, (fields.get("head") ?? fields.get("away")) as Buffer);
  const image: Loose<SessionImage> = {
    ...standing(head),
    settings: JSON.parse(text(fields, "settings")),
    isListed: listed !== null,
    isParked: parked.includes(`u ${head.executor} ${member}`),
    state: fields.has("state") ? text(fields, "state") : null,
    token: Number(token),
    dueAt: dueAt === null ? null : Number(dueAt),
    later: timed(waiting).filter(({ at }) => at >= 0),
    expiries: timed(waiting)
      .filter(({ at }) => at < 0)
      .map(({ id, at }) => ({ id: id.slice(1), at: at + EXPIRY_OFFSET })),
    schedulesAt: schedulesAt === null ? null : Number(schedulesAt),
    isOwing: head.isOwing,
    ...dumpOperations(fields),
    ...dumpCallers(fields),
    ...record(fields, head),
  };
  return image as SessionImage;
}

const SINGLE = new Set([
  "schedules",
  "labels",
  "head",
  "hold",
  "last",
  "txn",
  "settings",
  "state",
  "follow",
  "drain",
  "away",
  "leave",
  "streams",
]);

function assertKnown(fields: Fields): void {
  if (text(fields, "txn") !== "") throw new Error("a script left its marker behind");
  for (const name of fields.keys()) {
    if (!SINGLE.has(name) && !/^([ipkcsqroujedfgxzwnbtmvyl].|a[.]|h[rc]\d*$)/.test(name)) {
      throw new Error(`the session has a field ${name}`);
    }
  }
}

function text(fields: Fields, name: string): string {
  return fields.get(name)?.toString("utf8") ?? "";
}

/** Decoding checks against a schema, which is worth doing once for a row and not after every call. */
function remembering<T>(decode: (row: string) => T): (row: string) => T {
  const known = new Map<string, T>();
  return (row) => {
    if (known.size > 10_000) known.clear();
    const value = known.get(row) ?? decode(row);
    known.set(row, value);
    return value;
  };
}

function kindOf(place: number): unknown {
  return KindId.options[place - 1];
}

const policyOf = remembering(decodePolicy);
const eventOf = remembering((row) => {
  const separator = row.indexOf(" ");
  return decodeEvent(Number(row.slice(0, separator)), row.slice(separator + 1));
});

function orNull(value: string): string | null {
  return value === "" ? null : value;
}

function list(value: string): string[] {
  return value === "" ? [] : value.split(",");
}

function standing(head: Head) {
  const { phase, generation, settingsRevision, isHeld, isUnhosted, position, digest } = head;
  const { admitted, wokenThrough, queued, waking, scheduled, passing, expiring, epoch, sweeps, cursor } = head;
  const { deadLetters, parked, continued, timers, awaiting, lookAt } = head;
  return {
    phase,
    generation,
    settingsRevision,
    isHeld,
    isUnhosted,
    position,
    digest,
    executor: orNull(head.executor),
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
      deadLetters,
      parked,
      continued,
      timers,
      awaiting,
      lookAt,
      openLetters: head.openLetters,
      trimmedEvents: head.trimmedEvents,
      trimmedInputs: head.trimmedInputs,
      trimmedReceipts: head.trimmedReceipts,
      leftFrom: head.leftFrom,
      leftTo: head.leftTo,
    },
    versions: decodeColumnText(head.versions),
    warm: { node: orNull(head.warmNode), until: head.warmUntil },
  };
}

function timed(waiting: readonly string[]) {
  const items: { id: string; at: number }[] = [];
  for (let at = 0; at < waiting.length; at += 2) {
    const id = waiting[at] as string;
    // The sentinel keeps the key from ever being empty.
    if (id !== "") items.push({ id, at: Number(waiting[at + 1]) });
  }
  return items;
}

function record(fields: Fields, head: Head) {
  const inputs = named(fields, "i", decode(RECORD));
  const positions = Array.from({ length: head.position }, (_, index) => `r${index + 1}`);
  return {
    lanes: {
      steer: lane(fields, "s", { head: head.steerHead, tail: head.steerTail, inputs }),
      queue: lane(fields, "q", { head: head.queueHead, tail: head.queueTail, inputs }),
    },
    hold: hold(fields),
    last: last(fields),
    chores: Array.from({ length: head.choresTail - head.choresHead }, (_, index) =>
      chore(decodeRow(CHORE, fields.get(`x${head.choresHead + index}`) as Buffer)),
    ),
    inputs: Object.entries(inputs)
      .map(([inputId, row]) => input(fields, inputId, row))
      .sort((one, other) => one.admission - other.admission),
    keys: named(fields, "k", String),
    scopes: named(fields, "c", String),
    scopeRing: ring(fields, "hc", (name) => name.slice(1)),
    requests: ring(fields, "hr", (name) => `${USES[name.charAt(0)]} ${name.slice(1)}`),
    receipts: positions.flatMap((name) => {
      const row = fields.get(name);
      return row === undefined ? [] : [receipt(decodeRow(RECEIPT, row))];
    }),
    left: named(fields, "t", String),
    outputs: named(fields, "o", String),
    runs: named(fields, "u", (row) => {
      const run = decodeRow(RUN, row);
      return {
        ...run,
        positions: list(run.positions).map(Number),
        inputs: list(run.inputs),
        staged: list(run.staged),
        applied: list(run.applied),
        boundary: orNull(run.boundary),
        lane: run.lane === "" ? null : run.lane === "s" ? "steer" : "queue",
        suspension: run.suspension === "" ? null : (JSON.parse(run.suspension) as unknown),
      };
    }),
    journals: journals(fields),
    checkpoints: named(fields, "m", String),
    resumptions: named(fields, "v", String),
    streams: dumpStreams(fields),
    parking: { head: head.parkHead, tail: head.parkTail, places: named(fields, "y", String) },
    events: numbered(fields, "e").map(([cursor, row]) => eventOf(`${cursor} ${row.toString("utf8")}`)),
    deadLetters: numbered(fields, "d").map(([, row]) => row.toString("utf8")),
    endings: named(fields, "g", String),
    ...requests(fields),
    leave: fields.has("leave") ? leave(fields.get("leave") as Buffer) : null,
    unregistered: named(fields, "w", leave),
    isAway: fields.has("away"),
    followers: list(text(fields, "follow")).map((entry) => {
      const [node, until] = entry.split(":");
      return { node, until: Number(until) };
    }),
  };
}

/** What a request id was used for, by the first letter of the field that answers it. */
const USES: Readonly<Record<string, string>> = { z: "control", n: "published", w: "unregistered" };

function ring(fields: Fields, prefix: string, render: (name: string) => string) {
  const bounds = text(fields, prefix);
  const [from = 0, to = 0] = bounds === "" ? [] : bounds.split(",").map(Number);
  const names = Object.entries(named(fields, prefix, (row) => render(row.toString("utf8"))));
  const places = names
    .map(([name, value]): [string, string] => [name.slice(prefix.length - 1), value])
    .filter(([place]) => place !== "");
  return { from, to, names: Object.fromEntries(places) };
}

function decode<L extends Parameters<typeof decodeRow>[0]>(layout: L) {
  return (row: Buffer): Row<L> => decodeRow(layout, row);
}

/** Fields with a prefix, by the rest of their names, in order. */
function named<T>(fields: Fields, prefix: string, render: (row: Buffer) => T): Record<string, T> {
  const entries = [...fields].filter(([name]) => name.startsWith(prefix) && !SINGLE.has(name));
  return Object.fromEntries(
    entries
      .map(([name, row]): [string, T] => [name.slice(1), render(row)])
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );
}

function numbered(fields: Fields, prefix: string): [number, Buffer][] {
  return Object.entries(named(fields, prefix, (row) => row))
    .map(([name, row]): [number, Buffer] => [Number(name), row])
    .sort(([one], [other]) => one - other);
}

function lane(
  fields: Fields,
  prefix: "s" | "q",
  { head, tail, inputs }: { head: number; tail: number; inputs: Record<string, Row<typeof RECORD>> },
) {
  const places = numbered(fields, prefix).map(([place, row]) => {
    const entry = decodeRow(ENTRY, row);
    if (entry.inputId === "") return { place, runId: entry.runId, notBeforeAt: entry.notBeforeAt };
    const { admission, isPrompt, isSolo, boundary, runId, notBeforeAt } = inputs[entry.inputId] as Row<typeof RECORD>;
    const copied = { inputId: entry.inputId, admission, isPrompt, isSolo, boundary, runId, notBeforeAt };
    if (JSON.stringify(entry) !== JSON.stringify(copied)) {
      throw new Error(`the lane holds ${JSON.stringify(entry)}, the input's row says ${JSON.stringify(copied)}`);
    }
    return { place, inputId: entry.inputId };
  });
  return { head, tail, places };
}

function hold(fields: Fields) {
  const row = fields.get("hold");
  if (row === undefined || row.length === 0) return null;
  const stored = decodeRow(HOLD, row);
  return {
    ...stored,
    cancelMode: orNull(stored.cancelMode),
    staged: list(stored.staged),
    applied: list(stored.applied),
    taken: list(stored.taken),
  };
}

function last(fields: Fields) {
  const row = fields.get("last");
  if (row === undefined || row.length === 0) return null;
  const { ended, ...stored } = decodeRow(LAST, row);
  const items = ended.split(";").slice(0, -1);
  return {
    ...stored,
    ended: items.map((item) => {
      const [inputId, nodes = ""] = item.split(":");
      return { inputId, nodes: list(nodes) };
    }),
  };
}

function chore(row: Row<typeof CHORE>) {
  const { kind, generation } = row;
  switch (kind) {
    case "retain":
      return { kind, generation, events: row.from, inputs: row.to, leftTo: row.steerTo };
    case "end":
      return {
        kind,
        generation,
        reason: row.reason,
        lanes: { steer: { from: row.steerFrom, to: row.steerTo }, queue: { from: row.queueFrom, to: row.queueTo } },
        scheduled: row.scheduled,
        from: row.from,
        staged: list(row.staged),
        parkFrom: row.parkFrom,
        parkTo: row.parkTo,
        cause: row.cause,
      };
    case "drop":
      return {
        kind,
        generation,
        lanes: { steer: { from: row.steerFrom, to: row.steerTo }, queue: { from: row.queueFrom, to: row.queueTo } },
        admitted: row.to,
        left: row.scheduled,
        from: row.from,
      };
    case "operations": {
      const { life, slots, from, to, waitId, waitNode } = row;
      return { kind, generation, life, slots, from, to, wait: waitId === "" ? null : { waitId, node: waitNode } };
    }
    case "strip":
      return { kind, generation, life: row.life, slots: row.slots };
    case "resume":
      return { kind, generation, operationId: row.operationId, runIds: list(row.staged), outcome: row.reason };
    case "journal":
      return { kind, generation, runId: row.runId, from: row.from, to: row.to };
    case "replace":
      return {
        kind,
        generation,
        lane: row.cursor === "s" ? "steer" : "queue",
        from: row.from,
        to: row.to,
        inputKind: kindOf(row.inputKind),
        by: row.successor,
        cause: row.cause,
      };
    default:
      return { kind, generation, terminalCursor: row.from };
  }
}

function input(fields: Fields, inputId: string, row: Row<typeof RECORD>) {
  const payload = text(fields, `p${row.admission}`);
  const failure = text(fields, `f${row.admission}`);
  return {
    inputId,
    ...row,
    policy: policyOf(row.policy),
    kind: kindOf(row.kind),
    lane: row.lane === "s" ? "steer" : "queue",
    boundary: orNull(row.boundary),
    runId: orNull(row.runId),
    keyedId: orNull(row.keyedId),
    redriveOf: orNull(row.redriveOf),
    redrivenBy: orNull(row.redrivenBy),
    nodes: list(row.nodes),
    correlationId: row.correlationId === "" ? null : decodeURIComponent(row.correlationId),
    payload: payload.slice(payload.indexOf(" ") + 1),
    failure: failure === "" ? null : (JSON.parse(failure) as FailureReport),
  };
}

function receipt(row: Row<typeof RECEIPT>) {
  return { ...row, contributors: list(row.contributors), conversationDigest: orNull(row.conversationDigest) };
}

function journals(fields: Fields) {
  const byRun: Record<string, [number, { key: string; value: string }][]> = {};
  for (const [name, row] of Object.entries(named(fields, "j", String))) {
    const dot = name.lastIndexOf(".");
    const separator = row.indexOf(" ");
    const step = { key: row.slice(0, separator), value: row.slice(separator + 1) };
    byRun[name.slice(0, dot)] = [...(byRun[name.slice(0, dot)] ?? []), [Number(name.slice(dot + 1)), step]];
  }
  return Object.fromEntries(
    Object.entries(byRun).map(([runId, steps]) => [runId, steps.sort(([a], [b]) => a - b).map(([, step]) => step)]),
  );
}

function leave(row: Buffer) {
  const { loop, drain, waiters, abortedRunId, ...rest } = decodeRow(LEAVE, row);
  return { ...rest, abortedRunId: orNull(abortedRunId), obligations: { loop, drain, waiters } };
}

/** Reports of control commands, and which run a request resumed. */
function requests(fields: Fields) {
  const rows = Object.entries(named(fields, "z", (row) => decodeRow(REPORT, row)));
  const [resumed, reported] = [rows.filter(isResumed), rows.filter((entry) => !isResumed(entry))];
  return {
    reports: Object.fromEntries(reported.map(([requestId, row]) => [requestId, report(row)])),
    resumeRequests: Object.fromEntries(resumed.map(([requestId, { abortedRunId }]) => [requestId, abortedRunId])),
  };
}

function isResumed([, { verb }]: [string, Row<typeof REPORT>]): boolean {
  return verb === "resume";
}

function report({ abortedRunId, ...row }: Row<typeof REPORT>): Loose<ControlReport> {
  return { ...row, ...(abortedRunId === "" ? {} : { abortedRunId }) };
}
