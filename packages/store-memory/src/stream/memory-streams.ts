import { MAX_APPEND_BYTES, type Retention, type RunId, SCRIPT_BATCH, type StreamEnd } from "@holdfast/contracts";
import type {
  AppendCommand,
  AppendReply,
  ReadStreamQuery,
  ReadStreamReply,
  StoredPart,
  Streams,
} from "@holdfast/runtime";
import { isFenceOf } from "../run/run.ts";
import type { SessionData } from "../session/session-data.ts";
import { isFinal } from "../session/transitions.ts";
import { liveFollowers, type MemoryContext, openAny, openSession } from "../session/work.ts";
import type { StreamData, StreamsData } from "./stream-data.ts";

/** Streams in process. */
export function createMemoryStreams(context: MemoryContext): Streams {
  return {
    append: async (command) => append(context, command),
    read: async (query) => read(context, query),
  };
}

function append(context: MemoryContext, { ref, fence, position, chunks }: AppendCommand): AppendReply {
  const work = openSession(context, ref);
  const hold = work?.session.hold ?? null;
  if (work === null || hold === null || !isFenceOf(hold, fence)) return { kind: "fenced" };
  const { streams } = work.session;
  const followers = liveFollowers(work);
  const known = streams.byRun.get(hold.runId);
  const before = known === undefined ? 0 : known.offset - known.start;
  if (position > before) return { kind: "fenced" };
  if (known !== undefined && position < before) {
    const written = Math.min(before - position, chunks.length);
    return { kind: "appended", written, offset: known.offset, followers };
  }
  const stream = known ?? newStream(streams, hold.runId);
  const written = write(streams, stream, { chunks, retention: work.config.retention });
  makeRoom(streams, hold.runId, work.config.retention);
  hold.isStreamed = true;
  hold.progressAt = work.now;
  hold.stalledAt = 0;
  return { kind: "appended", written, offset: stream.offset, followers };
}

function newStream(streams: StreamsData, runId: RunId): StreamData {
  streams.back += 1;
  const stream: StreamData = {
    number: streams.back,
    offset: 0,
    standing: 0,
    start: 0,
    bytes: 0,
    isFull: false,
    status: "",
    trimmed: 0,
    parts: new Map(),
  };
  streams.places.set(stream.number, runId);
  streams.byRun.set(runId, stream);
  return stream;
}

/** Writes the leading chunks that there is room for (T15); answers how many. */
function write(
  streams: StreamsData,
  stream: StreamData,
  { chunks, retention }: { readonly chunks: readonly string[]; readonly retention: Retention },
): number {
  for (const [index, chunk] of chunks.entries()) {
    const bytes = Buffer.byteLength(chunk);
    const isBeyond = stream.offset >= retention.streamParts || stream.bytes + bytes > retention.streamBytes;
    stream.isFull ||= isBeyond;
    if (stream.isFull) return index;
    stream.offset += 1;
    stream.parts.set(stream.offset, `c${chunk}`);
    stream.bytes += bytes;
    streams.bytes += bytes;
  }
  return chunks.length;
}

/** The oldest stream goes, a hundred parts a call. One whose run is not over moves to the end. */
function makeRoom(streams: StreamsData, writing: RunId, { keepStreams, keepStreamBytes }: Retention): void {
  const kept = streams.back - streams.front;
  if (kept <= 1 || (kept <= keepStreams && streams.bytes <= keepStreamBytes)) return;
  const runId = streams.places.get(streams.front + 1) ?? writing;
  const old = streams.byRun.get(runId) as StreamData;
  if (old.status === "") {
    streams.back += 1;
    streams.places.set(streams.back, runId);
  } else {
    const till = Math.min(old.offset, old.trimmed + SCRIPT_BATCH);
    for (let offset = old.trimmed + 1; offset <= till; offset += 1) old.parts.delete(offset);
    old.trimmed = till;
    if (till < old.offset) return;
    streams.bytes -= old.bytes;
    streams.byRun.delete(runId);
  }
  streams.front += 1;
  streams.places.delete(streams.front);
}

function read(context: MemoryContext, { ref, runId, after, limit }: ReadStreamQuery): ReadStreamReply {
  const session = openAny(context, ref)?.session;
  if (session === undefined) return { kind: "missing" };
  const stream = session.streams.byRun.get(runId);
  if (stream === undefined) return readEmpty(session, runId);
  if (after < stream.trimmed) return lost(session);
  const parts: StoredPart[] = [];
  const till = Math.min(stream.offset, after + Math.min(limit, SCRIPT_BATCH));
  let bytes = 0;
  for (let offset = after + 1; offset <= till && bytes < MAX_APPEND_BYTES; offset += 1) {
    const part = stream.parts.get(offset) as string;
    parts.push(toPart(part));
    bytes += Buffer.byteLength(part);
  }
  const { offset, isFull, status } = stream;
  return { kind: "read", parts, offset, end: status === "" ? null : (status as StreamEnd), isFull };
}

/** A run that has written nothing has an empty stream all the same. */
function readEmpty(session: SessionData, runId: RunId): ReadStreamReply {
  const isCurrent = session.hold?.runId === runId;
  const run = session.runs.get(runId);
  if (run === undefined && !isCurrent) return { kind: isFinal("session", session.phase) ? "destroyed" : "unknown" };
  if (run?.isStreamed === true) return lost(session);
  const isOver = run !== undefined && !isCurrent && isFinal("run", run.status);
  return { kind: "read", parts: [], offset: 0, end: isOver ? (run.status as StreamEnd) : null, isFull: false };
}

function lost({ phase }: SessionData): ReadStreamReply {
  return { kind: isFinal("session", phase) ? "destroyed" : "expired" };
}

function toPart(part: string): StoredPart {
  const content = part.slice(1);
  return part.startsWith("c") ? { type: "chunk", json: content } : { type: "retracted", from: Number(content) };
}
