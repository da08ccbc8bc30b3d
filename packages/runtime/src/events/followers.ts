/**
 * Event streams of a process: stored events first, then each as it happens
 * (G12). Interest is noted in the ledger for a while and refreshed; a missed
 * notification costs one poll.
 */
import { AppError, type EventEnvelope, type SessionRef } from "@holdfast/contracts";
import { isFinalPhase } from "@holdfast/domain";
import type { StoredEvent } from "../ports/archive.ts";
import type { Page } from "../ports/page.ts";
import type { RuntimeContext } from "../runtime-context.ts";
import type { FollowOptions } from "../session-runtime.ts";
import { Bells } from "./bells.ts";
import { type ReadFrom, readFrom, tellAfter, truncation } from "./tell-events.ts";

const INTEREST_MS = 30_000;
const REFRESH_MS = 15_000;
const POLL_MS = 500;
const PAGE = 200;

/** A stream and where it stands. */
interface Reader {
  readonly ref: SessionRef;
  readonly options: FollowOptions;
  from: ReadFrom;
}

/** All streams of a process. */
export class Followers {
  readonly #context: RuntimeContext;
  readonly #bells: Bells;

  constructor(context: RuntimeContext) {
    this.#context = context;
    this.#bells = new Bells(context);
  }

  /** A followed session has new events. */
  changed(ref: SessionRef): void {
    this.#bells.ring(ref);
  }

  /** Messages may have been missed. */
  changedAll(): void {
    this.#bells.ringAll();
  }

  /** Events after a position, until the signal aborts or the session is destroyed. @throws session.not_found */
  async *follow(ref: SessionRef, options: FollowOptions): AsyncGenerator<EventEnvelope> {
    const { signal } = options;
    const { directory } = this.#context.store;
    const reader: Reader = { ref, options, from: readFrom(options.after) };
    let isNew = true;
    while (!signal.aborted) {
      // Interest first, then the read: an event between the two rings.
      const rung = this.#bells.listen(ref, signal);
      try {
        const reply = await directory.follow({ ref, node: this.#context.node, forMs: INTEREST_MS });
        if (reply.kind === "missing" && isNew) throw new AppError("session.not_found");
        isNew = false;
        // Asked before the read: what ended the session is then among what is read.
        const isOver = await this.#isOver(ref);
        yield* this.#read(reader);
        if (isOver) return;
        await rung.wait(this.#pauseMs());
      } finally {
        rung.cancel();
      }
    }
  }

  /** Everything stored after where the reader stands, page by page, as fast as it is taken. */
  async *#read(reader: Reader): AsyncGenerator<EventEnvelope> {
    const { ref, options } = reader;
    for (let next: number | null = 0; next !== null && !options.signal.aborted; ) {
      yield* this.#catchUp(reader);
      const after = Math.max(next, reader.from.cursor);
      const page: Page<StoredEvent> = await this.#context.store.archive.listEvents(ref, { after, limit: PAGE });
      for (const stored of page.items) {
        yield* tellAfter(ref, stored, reader.from);
        reader.from = { cursor: stored.cursor, part: 0 };
      }
      next = page.next;
    }
  }

  /** Takes a reader that is further behind than it may be to the latest facts, and says so. */
  async *#catchUp(reader: Reader): AsyncGenerator<EventEnvelope> {
    const { ref, options, from } = reader;
    if (options.maxLag === undefined) return;
    const cursor = (await this.#context.store.directory.find(ref))?.cursor ?? 0;
    if (cursor - from.cursor <= options.maxLag) return;
    reader.from = { cursor: cursor - options.maxLag, part: 0 };
    yield truncation(ref, { before: reader.from.cursor + 1, at: this.#context.clock.now() });
  }

  async #isOver(ref: SessionRef): Promise<boolean> {
    const record = await this.#context.store.directory.find(ref);
    return record === null || isFinalPhase(record.phase);
  }

  /**
   * Resolves when the session may have changed since the call: interest is noted before `look` is called, and `look`
   * says whether there is anything to wait for.
   */
  async nextChange(ref: SessionRef, signal: AbortSignal, look: () => Promise<boolean>): Promise<void> {
    const rung = this.#bells.listen(ref, signal);
    try {
      await this.#context.store.directory.follow({ ref, node: this.#context.node, forMs: INTEREST_MS });
      if (await look()) await rung.wait(this.#pauseMs());
    } finally {
      rung.cancel();
    }
  }

  /** Until a ring, a poll when rings do not arrive, or the time to refresh the interest. */
  #pauseMs(): number {
    return this.#context.store.notifier.isHealthy() ? REFRESH_MS : POLL_MS;
  }
}
