/**
 * One drain at work: claims what waits in an inbox, has it admitted, commits it.
 *
 * Invariants
 *   D81  What arrives between an empty look and the wait that follows it is
 *        noticed: the news is reset before the look.
 *   D82  A message is claimed, admitted and committed before the next is claimed.
 *        Ended anywhere between, a drain loses none and mixes up none.
 */
import type { DrainExit } from "@holdfast/contracts";
import type { Clock } from "../ports/clock.ts";
import type { CommsInbox } from "../ports/comms-inbox.ts";

/** What became of a message: it is in the ledger or nowhere, or the session takes none. */
export type Delivery = "done" | "session_closed";

/** What a drain works with. */
export interface DrainTaskParts {
  readonly inbox: CommsInbox;
  readonly clock: Clock;
  readonly idleMs: number;
  /** Whether this drain is still the one that may read the inbox. */
  readonly mayRead: () => boolean;
  /** Brings a claimed message into the session. */
  readonly deliver: (message: unknown) => Promise<Delivery>;
  /** Ends the session that was dismissed. */
  readonly dismiss: () => Promise<void>;
  readonly onSpawned: () => void;
  readonly onDelivered: () => void;
  /** Told before the task is over. */
  readonly onExit: (reason: DrainExit) => void;
}

const ENDED = Symbol("ended");

/** A drain at work. */
export class DrainTask {
  /** Resolves when it is over; rejects when it died without a word. */
  readonly over: Promise<void>;
  readonly #parts: DrainTaskParts;
  readonly #ended: Promise<typeof ENDED>;
  #end: (value: typeof ENDED) => void = () => {};
  #endedBecause: DrainExit | null = null;
  #hasNews = false;
  #wake: () => void = () => {};

  constructor(parts: DrainTaskParts) {
    this.#parts = parts;
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.over = this.#run();
  }

  /** Something may have arrived that it has not seen. */
  get hasNews(): boolean {
    return this.#hasNews;
  }

  /** Something may have arrived. */
  nudge(): void {
    this.#hasNews = true;
    this.#wake();
  }

  /** Ends it as soon as no message is being admitted; one that is not committed yet comes again. The first reason counts. */
  abort(reason: DrainExit): void {
    this.#endedBecause ??= reason;
    this.#end(ENDED);
  }

  async #run(): Promise<void> {
    // The owner has this task before it hears of it.
    await Promise.resolve();
    const reason = await this.#drain();
    if (reason === "dismissed") await this.#parts.dismiss();
    this.#parts.onExit(reason);
  }

  async #drain(): Promise<DrainExit> {
    const { inbox } = this.#parts;
    // What an earlier drain claimed and did not commit comes first again (D82).
    if ((await this.#unlessEnded(inbox.release())) !== ENDED) this.#parts.onSpawned();
    while (this.#endedBecause === null) {
      if (!this.#parts.mayRead()) return "aborted";
      this.#hasNews = false; // D81
      const message = await this.#unlessEnded(inbox.claim());
      if (message === ENDED) break;
      if (message !== null) {
        if ((await this.#bring(message)) === "session_closed") return "session_shutdown";
      } else if (inbox.wasDismissed()) {
        return "dismissed";
      } else if (!(await this.#news())) {
        return this.#endedBecause ?? "idle_timeout";
      }
    }
    await this.#unlessEnded(inbox.release());
    return this.#endedBecause ?? "aborted";
  }

  async #bring(message: unknown): Promise<Delivery> {
    const { inbox, deliver, onDelivered } = this.#parts;
    const delivery = await deliver(message).catch(async (error: unknown) => {
      await this.#unlessEnded(inbox.release());
      throw error;
    });
    if (delivery === "session_closed") {
      await this.#unlessEnded(inbox.release());
      return delivery;
    }
    await this.#unlessEnded(inbox.commit());
    onDelivered();
    return delivery;
  }

  /** Waits for an arrival; `false` when none came for too long, or the drain is to end. */
  async #news(): Promise<boolean> {
    const arrival = new Promise<boolean>((resolve) => {
      this.#wake = () => resolve(true);
      if (this.#hasNews) resolve(true);
    });
    let cancel = () => {};
    const idle = new Promise<boolean>((resolve) => {
      cancel = this.#parts.clock.after(this.#parts.idleMs, () => resolve(this.#hasNews));
    });
    const ended = this.#ended.then(() => false);
    try {
      return await Promise.race([arrival, idle, ended]);
    } finally {
      cancel();
      this.#wake = () => {};
    }
  }

  /** An inbox that does not answer keeps no drain from ending. */
  #unlessEnded<T>(call: Promise<T>): Promise<T | typeof ENDED> {
    return Promise.race([call, this.#ended]);
  }
}
