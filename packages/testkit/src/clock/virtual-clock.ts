/**
 * Time and randomness that a test controls.
 *
 * Timers fire in the order of their time, and those of the same time in the
 * order they were set, so a run is the same whenever it is repeated.
 */
import type { Clock, Random } from "@holdfast/runtime";

/** A clock that moves only when it is told to. */
export interface VirtualClock extends Clock {
  /** Moves time on and fires every timer that falls due on the way, each at its own time. */
  advance(ms: number): Promise<void>;
  /**
   * Fires timers, earliest first, until none is left or `limitMs` would be
   * passed; answers how far time went.
   */
  runUntilIdle(limitMs?: number): Promise<number>;
  /** Fires the earliest timer, if it falls due by `until` in `monotonic` time; what it sets off is the caller's to await. */
  fireNext(until: number): boolean;
  /** Moves what `now` says, as an adjusted system clock does; timers and `monotonic` stay. */
  jump(ms: number): void;
  /** When the next timer falls due, in `monotonic` time; `null` without one. */
  nextAt(): number | null;
  /** Timers that have neither fired nor been cancelled. */
  pending(): number;
}

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly fn: () => void;
  isCancelled: boolean;
}

/** Creates a clock that begins at `startAt` epoch milliseconds. */
export function createVirtualClock(startAt = Date.UTC(2026, 0, 1)): VirtualClock {
  return new HeapClock(startAt);
}

class HeapClock implements VirtualClock {
  readonly #heap: Timer[] = [];
  #elapsed = 0;
  #offset: number;
  #order = 0;
  #pending = 0;

  constructor(startAt: number) {
    this.#offset = startAt;
  }

  now(): number {
    return this.#offset + this.#elapsed;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  after(ms: number, fn: () => void): () => void {
    const timer: Timer = { at: this.#elapsed + Math.max(0, ms), order: this.#order, fn, isCancelled: false };
    this.#order += 1;
    this.#pending += 1;
    push(this.#heap, timer);
    return () => {
      if (!timer.isCancelled) this.#pending -= 1;
      timer.isCancelled = true;
    };
  }

  async advance(ms: number): Promise<void> {
    const target = this.#elapsed + ms;
    await settle();
    while (this.fireNext(target)) await settle();
    this.#elapsed = target;
  }

  async runUntilIdle(limitMs = Number.POSITIVE_INFINITY): Promise<number> {
    const start = this.#elapsed;
    await settle();
    while (this.fireNext(start + limitMs)) await settle();
    return this.#elapsed - start;
  }

  jump(ms: number): void {
    this.#offset += ms;
  }

  nextAt(): number | null {
    while (this.#heap[0]?.isCancelled === true) pop(this.#heap);
    return this.#heap[0]?.at ?? null;
  }

  pending(): number {
    return this.#pending;
  }

  fireNext(until: number): boolean {
    const at = this.nextAt();
    if (at === null || at > until) return false;
    const timer = pop(this.#heap);
    this.#elapsed = Math.max(this.#elapsed, at);
    timer.isCancelled = true;
    this.#pending -= 1;
    timer.fn();
    return true;
  }
}

/** Lets promises that are settled run their reactions, and those reactions theirs. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function isBefore(one: Timer, other: Timer): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}

function push(heap: Timer[], timer: Timer): void {
  let at = heap.length;
  heap.push(timer);
  while (at > 0) {
    const parent = (at - 1) >>> 1;
    if (!isBefore(timer, heap[parent] as Timer)) break;
    heap[at] = heap[parent] as Timer;
    at = parent;
  }
  heap[at] = timer;
}

function pop(heap: Timer[]): Timer {
  const first = heap[0] as Timer;
  const last = heap.pop() as Timer;
  if (heap.length > 0) sink(heap, last);
  return first;
}

function sink(heap: Timer[], timer: Timer): void {
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    const right = heap[child + 1];
    if (right !== undefined && isBefore(right, heap[child] as Timer)) child += 1;
    if (!isBefore(heap[child] as Timer, timer)) break;
    heap[at] = heap[child] as Timer;
    at = child;
  }
  heap[at] = timer;
}

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";

/** Randomness that is the same for the same seed. */
export function createSeededRandom(seed: number): Random {
  let state = seed >>> 0;
  // mulberry32: small, fast, and good enough to spread choices.
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    fraction: next,
    id: (prefix) => `${prefix}_${Array.from({ length: 21 }, () => ALPHABET[Math.floor(next() * 64)]).join("")}`,
  };
}
