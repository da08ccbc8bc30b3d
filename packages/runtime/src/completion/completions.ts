/**
 * Waiters for outcomes, in any process (G9).
 *
 * Invariants
 *   W1  A waiter settles exactly once.
 *   W2  Interest is registered before the ledger is read, so that no outcome
 *       falls between the two.
 *   W3  What was not admitted yet is not looked for: that it is missing says nothing.
 *   W4  While notifications arrive nobody polls; a slow second look covers a
 *       worker that committed and died before it could tell. While they do not
 *       arrive, every waiter polls. A store that does not answer is asked again,
 *       also while it is not known yet which input a key names.
 */
import { AppError, type InputId, type Outcome, type SessionRef } from "@holdfast/contracts";
import { isFinalPhase } from "@holdfast/domain";
import type { Ledger, WatchReply } from "../ports/ledger.ts";
import { type RuntimeContext, refKey } from "../runtime-context.ts";

/** A promise of an outcome that can be given up. */
export interface Expectation {
  readonly outcome: Promise<Outcome>;
  /** Nothing is awaited any more; the promise stays pending. */
  cancel(): void;
}

/** An expectation of an input that is on its way into the ledger. */
export interface EarlyExpectation extends Expectation {
  /** The ledger has the input: from now on its outcome is looked for when nobody tells of it (W3). */
  admitted(): void;
}

/** The input whose outcome is awaited. */
export interface AwaitedInput {
  readonly inputId: InputId;
  /** For an input that is known by its key: asks for its id, where it may have another one than `inputId`. */
  readonly findId?: () => Promise<InputId>;
}

interface Waiter {
  readonly ref: SessionRef;
  inputId: InputId;
  /** Finds out which input is awaited; `null` once that is known. */
  findId: (() => Promise<InputId>) | null;
  resolve(outcome: Outcome): void;
  reject(error: unknown): void;
  checkedAt: number;
  /** Whether the ledger has the input: not yet, as far as anybody knows, or certainly. */
  presence: "early" | "unsure" | "known";
  /** Messages may have been missed before there was anything to look for. */
  isDoubtful: boolean;
}

const GONE: Outcome = { kind: "abandoned", reason: "destroyed", attempts: 0 };
const TICK_MS = 250;
const CHECKS_AT_ONCE = 64;

/** All waiters of a process. */
export class Completions {
  readonly #context: RuntimeContext;
  readonly #ledger: Ledger;
  readonly #recheckMs: number;
  readonly #waiters = new Map<string, Set<Waiter>>();
  #cancelTick: (() => void) | null = null;
  #isClosed = false;

  constructor(context: RuntimeContext) {
    this.#context = context;
    this.#ledger = context.store.ledger;
    const { leaseMs, graceMs, sweepPollMs } = context.timing;
    this.#recheckMs = leaseMs + graceMs + sweepPollMs;
  }

  /** Expects an outcome that the ledger will be told to send here. */
  expect(ref: SessionRef, inputId: InputId): EarlyExpectation {
    const { waiter, expectation } = this.#add(ref, inputId, "early");
    return { ...expectation, admitted: () => this.#admitted(waiter) };
  }

  /** Expects the outcome of an input that may have ended long ago (W2). */
  watch(ref: SessionRef, { inputId, findId }: AwaitedInput): Expectation {
    const { waiter, expectation } = this.#add(ref, inputId, "unsure");
    waiter.findId = findId ?? null;
    void this.#check(waiter);
    return expectation;
  }

  /** An input ended; without the outcome, it is read. */
  settled(ref: SessionRef, inputId: InputId, outcome?: Outcome): void {
    for (const waiter of this.#waitersOf(ref, inputId)) {
      if (outcome === undefined) void this.#check(waiter);
      else this.#finish(waiter, () => waiter.resolve(outcome));
    }
  }

  /** Messages may have been missed: everyone looks again. */
  recheckAll(): void {
    const waiters = this.#all();
    for (const waiter of waiters) waiter.isDoubtful = waiter.presence === "early";
    void this.#checkMany(waiters.filter(isAskable));
  }

  /** Nobody is told any more. */
  close(): void {
    this.#isClosed = true;
    this.#cancelTick?.();
    const error = new AppError("runtime.terminated", {
      message: "this process is closing; ask again with the same key",
    });
    for (const waiter of this.#all()) this.#finish(waiter, () => waiter.reject(error));
  }

  // Copies: finishing a waiter removes it from what is iterated.
  #waitersOf(ref: SessionRef, inputId: InputId): Waiter[] {
    return [...(this.#waiters.get(waiterKey(ref, inputId)) ?? [])];
  }

  #all(): Waiter[] {
    return [...this.#waiters.values()].flatMap((waiters) => [...waiters]);
  }

  #add(ref: SessionRef, inputId: InputId, presence: Waiter["presence"]) {
    let waiter: Waiter | undefined;
    const outcome = new Promise<Outcome>((resolve, reject) => {
      const checkedAt = this.#context.clock.monotonic();
      waiter = { ref, inputId, findId: null, resolve, reject, checkedAt, presence, isDoubtful: false };
    });
    // A waiter that nobody awaits must not end the process.
    outcome.catch(() => {});
    const added = waiter as unknown as Waiter;
    this.#enter(added);
    this.#tickLater();
    return { waiter: added, expectation: { outcome, cancel: () => this.#remove(added) } };
  }

  #enter(waiter: Waiter): void {
    const key = waiterKey(waiter.ref, waiter.inputId);
    const waiters = this.#waiters.get(key) ?? new Set();
    this.#waiters.set(key, waiters.add(waiter));
  }

  /** Files a waiter under the input that it awaits, before anybody asks how that one stands (W2). */
  async #identify(waiter: Waiter, findId: () => Promise<InputId>): Promise<void> {
    const inputId = await findId();
    waiter.findId = null;
    // It may have been given up meanwhile.
    if (inputId === waiter.inputId || !this.#remove(waiter)) return;
    waiter.inputId = inputId;
    this.#enter(waiter);
  }

  #admitted(waiter: Waiter): void {
    waiter.presence = "known";
    waiter.checkedAt = this.#context.clock.monotonic();
    if (waiter.isDoubtful) void this.#check(waiter);
  }

  #finish(waiter: Waiter, settle: () => void): void {
    if (this.#remove(waiter)) settle(); // W1
  }

  #remove(waiter: Waiter): boolean {
    const key = waiterKey(waiter.ref, waiter.inputId);
    const waiters = this.#waiters.get(key);
    if (waiters?.delete(waiter) !== true) return false;
    if (waiters.size === 0) this.#waiters.delete(key);
    return true;
  }

  async #check(waiter: Waiter): Promise<void> {
    waiter.checkedAt = this.#context.clock.monotonic();
    try {
      if (waiter.findId !== null) await this.#identify(waiter, waiter.findId);
      const { ref, inputId, presence } = waiter;
      const reply = await this.#ledger.watch({ ref, inputId, node: this.#context.node });
      if (reply.kind === "settled") this.#finish(waiter, () => waiter.resolve(reply.outcome));
      else if (reply.kind === "missing") {
        // An answer that was overtaken says nothing of an input that a later look has found.
        if (waiter.presence === presence) this.#finish(waiter, () => this.#settleMissing(waiter, reply));
      } else waiter.presence = "known";
    } catch (error) {
      // The next look may find the store again: a waiter outlives an outage (W4).
      this.#context.report({ level: "warn", phrase: "outcome check failed", fields: { error } });
    }
  }

  /** What was there and is gone went with its session, or is so old that a session that is there keeps it no longer. */
  #settleMissing(waiter: Waiter, { phase, outcome }: Extract<WatchReply, { kind: "missing" }>): void {
    const isExpired = phase !== null && !isFinalPhase(phase);
    // The ledger of a removed session still tells, also whoever asks only now.
    if (outcome !== undefined) waiter.resolve(outcome);
    else if (waiter.presence === "known" && isExpired) waiter.reject(new AppError("input.expired"));
    else if (waiter.presence === "known") waiter.resolve(GONE);
    else if (phase === null) waiter.reject(new AppError("session.not_found"));
    else waiter.reject(new AppError(isFinalPhase(phase) ? "session.destroyed" : "input.not_found"));
  }

  async #checkMany(waiters: readonly Waiter[]): Promise<void> {
    for (let from = 0; from < waiters.length; from += CHECKS_AT_ONCE) {
      await Promise.all(waiters.slice(from, from + CHECKS_AT_ONCE).map((waiter) => this.#check(waiter)));
    }
  }

  #tickLater(): void {
    if (this.#cancelTick !== null || this.#isClosed) return;
    this.#cancelTick = this.#context.clock.after(TICK_MS, () => {
      this.#cancelTick = null;
      void this.#tick();
    });
  }

  async #tick(): Promise<void> {
    const isHealthy = this.#context.store.notifier.isHealthy();
    const before = this.#context.clock.monotonic() - (isHealthy ? this.#recheckMs : 0);
    await this.#checkMany(this.#all().filter((waiter) => isAskable(waiter) && waiter.checkedAt <= before));
    if (this.#waiters.size > 0) this.#tickLater();
  }
}

function isAskable({ presence }: Waiter): boolean {
  return presence !== "early"; // W3
}

function waiterKey(ref: SessionRef, inputId: InputId): string {
  return `${refKey(ref)}\u0000${inputId}`;
}
