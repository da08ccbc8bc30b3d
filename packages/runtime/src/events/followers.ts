/**
 * Event streams of a process: stored events first, then each as it happens
 * (G12). Interest is noted in the ledger for a while and refreshed; a missed
 * notification costs one poll.
 */
import { AppError, type EventEnvelope, isoOf, type SessionRef } from "@holdfast/contracts";
import { isFinalPhase } from "@holdfast/domain";
import type { StoredEvent } from "../ports/archive.ts";
import { type RuntimeContext, refKey } from "../runtime-context.ts";
import type { FollowOptions } from "../session-runtime.ts";

const INTEREST_MS = 30_000;
const REFRESH_MS = 15_000;
const POLL_MS = 500;
const PAGE = 200;

/** All streams of a process. */
export class Followers {
  readonly #context: RuntimeContext;
  readonly #bells = new Map<string, Set<() => void>>();

  constructor(context: RuntimeContext) {
    this.#context = context;
  }

  /** A followed session has new events. */
  changed(ref: SessionRef): void {
    for (const ring of this.#bells.get(refKey(ref)) ?? []) ring();
  }

  /** Messages may have been missed. */
  changedAll(): void {
    for (const bells of this.#bells.values()) for (const ring of bells) ring();
  }

  /** Events after a cursor, until the signal aborts or the session is destroyed. @throws session.not_found */
  async *follow(ref: SessionRef, { after, signal }: FollowOptions): AsyncGenerator<EventEnvelope> {
    const { directory } = this.#context.store;
    let cursor = after;
    let isNew = true;
    while (!signal.aborted) {
      // Interest first, then the read: an event between the two rings.
      const rung = this.#listen(ref, signal);
      try {
        const reply = await directory.follow({ ref, node: this.#context.node, forMs: INTEREST_MS });
        if (reply.kind === "missing" && isNew) throw new AppError("session.not_found");
        isNew = false;
        // Asked before the read: what ended the session is then among what is read.
        const isOver = await this.#isOver(ref);
        for await (const event of this.#read(ref, { after: cursor, signal })) {
          cursor = event.cursor;
          yield toEnvelope(ref, event);
        }
        if (isOver) return;
        await rung.wait();
      } finally {
        rung.cancel();
      }
    }
  }

  /** Everything stored after a cursor, page by page. */
  async *#read(ref: SessionRef, { after, signal }: FollowOptions): AsyncGenerator<StoredEvent> {
    for (let next: number | null = after; next !== null && !signal.aborted; ) {
      const page = await this.#context.store.archive.listEvents(ref, { after: next, limit: PAGE });
      yield* page.items;
      next = page.next;
    }
  }

  async #isOver(ref: SessionRef): Promise<boolean> {
    const record = await this.#context.store.directory.find(ref);
    return record === null || isFinalPhase(record.phase);
  }

  /** Waits for a ring, a poll when rings do not arrive, or the time to refresh the interest. */
  #listen(ref: SessionRef, signal: AbortSignal) {
    const { clock, store } = this.#context;
    const bells = this.#bells.get(refKey(ref)) ?? new Set();
    this.#bells.set(refKey(ref), bells);
    let ring = (): void => {};
    const rung = new Promise<void>((resolve) => {
      ring = resolve;
    });
    bells.add(ring);
    let cancelTimer = (): void => {};
    signal.addEventListener("abort", ring, { once: true });
    return {
      wait: () => {
        if (signal.aborted) return Promise.resolve();
        cancelTimer = clock.after(store.notifier.isHealthy() ? REFRESH_MS : POLL_MS, ring);
        return rung;
      },
      cancel: () => {
        cancelTimer();
        signal.removeEventListener("abort", ring);
        bells.delete(ring);
        if (bells.size === 0) this.#bells.delete(refKey(ref));
      },
    };
  }
}

/** An event as readers get it. */
export function toEnvelope(ref: SessionRef, { cursor, at, event }: StoredEvent): EventEnvelope {
  return { cursor, at: isoOf(at), sessionId: ref.sessionId, event };
}
