/**
 * Readers of streams in this process. Interest is noted in the ledger for a
 * while and refreshed; a missed notification costs one poll.
 *
 *   T19  A reader gets every part once, in order, from where it began; the
 *        `closed` part is the last, and comes once.
 */
import { AppError, type RunId, SCRIPT_BATCH, type SessionRef, type StreamPart } from "@holdfast/contracts";
import type { FollowStreamOptions, StreamQuery, StreamsApi } from "../api/streams.ts";
import { Bells } from "../events/bells.ts";
import type { NodeMessage } from "../ports/notifier.ts";
import type { ReadStreamReply } from "../ports/streams.ts";
import type { RuntimeContext } from "../runtime-context.ts";

const INTEREST_MS = 30_000;
const REFRESH_MS = 15_000;
/** While notifications arrive: whoever wrote may have died before it could tell. */
const LOOK_MS = 2_000;
const POLL_MS = 500;

/** Never aborted. */
export const NO_SIGNAL = new AbortController().signal;

/** A reader, and where it stands. */
interface Place {
  readonly ref: SessionRef;
  readonly runId: RunId;
  readonly offset: number;
  readonly isNew: boolean;
}

interface Look {
  readonly parts: readonly StreamPart[];
  readonly isOver: boolean;
  readonly isBehind: boolean;
}

/** All readers of streams of a process. */
export class StreamReaders {
  readonly #context: RuntimeContext;
  readonly #bells: Bells;

  constructor(context: RuntimeContext) {
    this.#context = context;
    this.#bells = new Bells(context);
  }

  /** A stream of a session, or the session, has changed. */
  heed(message: NodeMessage): void {
    if (message.type === "stream.changed" || message.type === "session.changed") this.#bells.ring(message.ref);
  }

  /** Messages may have been missed. */
  changedAll(): void {
    this.#bells.ringAll();
  }

  /** A page. @throws see `StreamsApi.readStream` */
  async page(
    ref: SessionRef,
    runId: RunId,
    { after = 0, limit = SCRIPT_BATCH }: StreamQuery = {},
  ): ReturnType<StreamsApi["readStream"]> {
    const reply = soundReply(await this.#read(ref, runId, { after, limit }), { runId, after });
    const items = partsOf(reply, after);
    const closed = items.length < limit ? closedOf(reply, after + items.length) : null;
    if (closed !== null) items.push(closed);
    const isClosed = closed !== null || isBeyond(reply, after);
    return { items, next: after + items.length, isClosed };
  }

  /** Parts as they come. @throws see `StreamsApi.followStream` */
  async *follow(
    ref: SessionRef,
    runId: RunId,
    { after = 0, signal = NO_SIGNAL }: FollowStreamOptions = {},
  ): AsyncGenerator<StreamPart> {
    const interest = this.#interest(ref);
    let place: Place = { ref, runId, offset: after, isNew: true };
    while (!signal.aborted) {
      // Listening first, then the read: a part between the two rings.
      const rung = this.#bells.listen(ref, signal);
      try {
        await interest();
        const { parts, isOver, isBehind } = await this.#look(place);
        yield* untilAborted(parts, signal);
        if (isOver) return;
        place = { ...place, offset: parts.at(-1)?.offset ?? place.offset, isNew: false };
        if (!isBehind) await rung.wait(this.#pauseMs());
      } finally {
        rung.cancel();
      }
    }
  }

  /** What comes next for a reader: whether it is the last, and whether there is more already. */
  async #look({ ref, runId, offset, isNew }: Place): Promise<Look> {
    const reply = await this.#read(ref, runId, { after: offset, limit: SCRIPT_BATCH });
    if (reply.kind === "destroyed" && !isNew) {
      const closed: StreamPart = { type: "closed", offset: offset + 1, status: "destroyed", isTruncated: false };
      return { parts: [closed], isOver: true, isBehind: false };
    }
    const read = soundReply(reply, { runId, after: offset });
    const parts = partsOf(read, offset);
    const known = offset + parts.length;
    const closed = closedOf(read, known);
    if (closed !== null) parts.push(closed);
    return { parts, isOver: closed !== null || isBeyond(read, known), isBehind: known < read.offset };
  }

  /** Waits, again and again, until the session may have changed; not when `look` finds nothing to wait for. */
  changes(ref: SessionRef, signal: AbortSignal): (look: () => Promise<boolean>) => Promise<void> {
    const interest = this.#interest(ref);
    return async (look) => {
      const rung = this.#bells.listen(ref, signal);
      try {
        await interest();
        if (await look()) await rung.wait(this.#pauseMs());
      } finally {
        rung.cancel();
      }
    };
  }

  #pauseMs(): number {
    return this.#context.store.notifier.isHealthy() ? LOOK_MS : POLL_MS;
  }

  #read(ref: SessionRef, runId: RunId, query: { readonly after: number; readonly limit: number }) {
    return this.#context.store.streams.read({ ref, runId, ...query });
  }

  /** Notes the interest of this process, if that was not done lately. */
  #interest(ref: SessionRef): () => Promise<void> {
    const { clock, node, store } = this.#context;
    let notedAt = Number.NEGATIVE_INFINITY;
    return async () => {
      const now = clock.monotonic();
      if (now - notedAt < REFRESH_MS) return;
      await store.directory.follow({ ref, node, forMs: INTEREST_MS });
      notedAt = now;
    };
  }
}

function* untilAborted<T>(items: readonly T[], signal: AbortSignal): Generator<T> {
  for (const item of items) {
    if (signal.aborted) return;
    yield item;
  }
}

type Read = Extract<ReadStreamReply, { kind: "read" }>;

function soundReply(reply: ReadStreamReply, asked: { readonly runId: RunId; readonly after: number }): Read {
  switch (reply.kind) {
    case "missing":
      throw new AppError("session.not_found");
    case "destroyed":
      throw new AppError("session.destroyed");
    case "unknown":
      throw new AppError("run.not_found", { details: { runId: asked.runId } });
    case "expired":
      throw new AppError("stream.expired", { details: { ...asked } });
    case "read":
      if (asked.after <= reply.offset || isBeyond(reply, asked.after)) return reply;
      throw new AppError("request.invalid", {
        message: `the stream has no offset ${asked.after}, it ends with ${reply.offset}`,
      });
  }
}

function partsOf({ parts }: Read, after: number): StreamPart[] {
  return parts.map((part, index): StreamPart => {
    const offset = after + 1 + index;
    if (part.type === "retracted") return { ...part, offset };
    return { type: "chunk", offset, chunk: parse(part.json) };
  });
}

type Json = Extract<StreamPart, { type: "chunk" }>["chunk"];

function parse(json: string): Json {
  try {
    return JSON.parse(json) as Json;
  } catch (cause) {
    throw new AppError("store.corrupt", { message: "a chunk of a stream is no JSON", cause });
  }
}

/** The last part, for a reader that has everything before it. */
function closedOf({ offset, end, isFull }: Read, known: number): StreamPart | null {
  if (end === null || known !== offset) return null;
  return { type: "closed", offset: offset + 1, status: end, isTruncated: isFull };
}

/** Whether a reader has seen the last part, too. */
function isBeyond({ offset, end }: Read, known: number): boolean {
  return end !== null && known === offset + 1;
}
