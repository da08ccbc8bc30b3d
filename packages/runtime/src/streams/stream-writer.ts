/**
 * `turn.stream`: what a turn writes for readers while it is in progress.
 *
 * One append is under way at a time; what is written meanwhile travels with the
 * next one. An append whose answer was lost is sent again, which writes nothing
 * twice.
 *
 * Invariants
 *   T17  Everything written before a boundary or the end of the turn is in the
 *        store before that is committed, and nothing written after it.
 *   T18  A write that was not taken is told so, and after it nothing of the turn
 *        is: what readers see has no hole.
 */
import { MAX_APPEND_BYTES, MAX_CHUNK_BYTES, type NodeId, SCRIPT_BATCH, type SessionRef } from "@holdfast/contracts";
import { executorJson } from "../loop/executor-json.ts";
import type { AbortReason, StreamWrite, TurnStream } from "../ports/executor.ts";
import type { StagedBatch } from "../ports/ledger.ts";
import type { RuntimeContext } from "../runtime-context.ts";

/** What a writer works with. */
export interface StreamWriterParts {
  readonly context: RuntimeContext;
  readonly ref: SessionRef;
  readonly batch: StagedBatch;
  readonly signal: AbortSignal;
  /** Repeats a call that may be sent twice while its answer would still count. */
  readonly untilAnswered: <T>(call: () => Promise<T>) => Promise<T>;
  /** Chunks are there, for whoever follows. */
  readonly written: (followers: readonly NodeId[]) => void;
  readonly abort: (reason: AbortReason) => void;
}

interface Chunk {
  readonly json: string;
  readonly bytes: number;
  readonly resolve: (outcome: StreamWrite) => void;
  readonly reject: (error: unknown) => void;
}

/** Between what was written before a call and what comes after it. */
export interface Barrier {
  /** Everything written before is in the store, or was refused. */
  readonly reached: Promise<void>;
  /** What was written after may go. */
  release(): void;
}

interface Stop extends Barrier {
  reach(): void;
  readonly released: Promise<void>;
}

const FULL: StreamWrite = { kind: "full" };
const encoder = new TextEncoder();

/** The stream of one attempt. */
export class StreamWriter implements TurnStream {
  readonly #parts: StreamWriterParts;
  readonly #queue: (Chunk | Stop)[] = [];
  /** Chunks that this attempt has in the store. */
  #written = 0;
  #isFull = false;
  #isOver = false;
  #failure: { readonly error: unknown } | null = null;
  #isPumping = false;
  #pumping: Promise<void> = Promise.resolve();

  constructor(parts: StreamWriterParts) {
    this.#parts = parts;
  }

  write(chunk: unknown): Promise<StreamWrite> {
    const outcome = this.#accept(chunk);
    // A chunk that the executor does not wait for must not end the process.
    outcome.catch(() => {});
    return outcome;
  }

  /** Parts what was written so far from what will be (T17). */
  barrier(): Barrier {
    let reach = (): void => {};
    let release = (): void => {};
    const reached = new Promise<void>((resolve) => {
      reach = resolve;
    });
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const stop: Stop = { reached, released, reach, release };
    this.#enqueue(stop);
    return stop;
  }

  /** The executor has answered: nothing is written any more. */
  close(): void {
    this.#isOver = true;
  }

  /** Resolves when everything that was written is in the store, or was refused. */
  async idle(): Promise<void> {
    while (this.#isPumping) await this.#pumping;
  }

  async #accept(chunk: unknown): Promise<StreamWrite> {
    if (this.#failure !== null) throw this.#failure.error as Error;
    this.#parts.signal.throwIfAborted();
    if (this.#isOver) throw new DOMException("the turn has ended", "AbortError");
    const json = executorJson("the chunk", chunk);
    // UTF-8 needs at most three bytes for one UTF-16 unit: count only when it could matter.
    const bytes = json.length * 3 <= MAX_CHUNK_BYTES ? json.length : encoder.encode(json).length;
    if (bytes > MAX_CHUNK_BYTES) return { kind: "too_large", bytes };
    if (this.#isFull) return FULL;
    return new Promise((resolve, reject) => this.#enqueue({ json, bytes, resolve, reject }));
  }

  #enqueue(item: Chunk | Stop): void {
    this.#queue.push(item);
    if (this.#isPumping) return;
    this.#isPumping = true;
    this.#pumping = this.#pump();
  }

  async #pump(): Promise<void> {
    // What is written in one go travels together.
    await Promise.resolve();
    for (let item = this.#queue[0]; item !== undefined; item = this.#queue[0]) {
      if ("released" in item) {
        this.#queue.shift();
        item.reach();
        await item.released;
      } else {
        await this.#append(this.#take());
      }
    }
    this.#isPumping = false;
  }

  /** The leading chunks, as many as may travel together. */
  #take(): Chunk[] {
    const taken: Chunk[] = [];
    let bytes = 0;
    for (const item of this.#queue) {
      if ("released" in item || taken.length === SCRIPT_BATCH) break;
      bytes += item.bytes;
      if (taken.length > 0 && bytes > MAX_APPEND_BYTES) break;
      taken.push(item);
    }
    this.#queue.splice(0, taken.length);
    return taken;
  }

  async #append(chunks: readonly Chunk[]): Promise<void> {
    if (this.#isFull) return resolveAll(chunks);
    if (this.#failure !== null) return rejectAll(chunks, this.#failure.error);
    const { context, ref, batch, untilAnswered, written } = this.#parts;
    const command = { ref, fence: batch.fence, position: this.#written, chunks: chunks.map(({ json }) => json) };
    try {
      const reply = await untilAnswered(() => context.store.streams.append(command));
      if (reply.kind === "fenced") return this.#fail(chunks, this.#refused());
      const first = reply.offset - reply.written + 1;
      this.#written += reply.written;
      if (reply.written > 0) written(reply.followers);
      chunks.slice(0, reply.written).forEach(({ resolve }, index) => {
        resolve({ kind: "written", offset: first + index });
      });
      if (reply.written < chunks.length) this.#fill(chunks.slice(reply.written));
    } catch (error) {
      this.#fail(chunks, error);
    }
  }

  #fill(refused: readonly Chunk[]): void {
    const { context, ref, batch } = this.#parts;
    this.#isFull = true;
    context.report({ level: "warn", phrase: "stream full", fields: { ref, runId: batch.fence.runId } });
    resolveAll(refused);
  }

  #fail(chunks: readonly Chunk[], error: unknown): void {
    this.#failure = { error };
    rejectAll(chunks, error);
  }

  #refused(): Error {
    const { context, ref, batch, abort } = this.#parts;
    context.report({ level: "warn", phrase: "chunk refused", fields: { ref, runId: batch.fence.runId } });
    abort("lease_lost");
    return new DOMException("the turn no longer holds its session", "AbortError");
  }
}

function resolveAll(chunks: readonly Chunk[]): void {
  for (const { resolve } of chunks) resolve(FULL);
}

function rejectAll(chunks: readonly Chunk[], error: unknown): void {
  for (const { reject } of chunks) reject(error);
}
