/**
 * One simulated process: a clock of its own, and the power to stop.
 *
 * Everything that enters a process from outside, a timer included, goes through
 * `deliver`, so a process that is paused does nothing until it goes on, and one
 * that crashed never does anything again.
 */
import type { NodeId } from "@holdfast/contracts";
import type { Clock, Random } from "@holdfast/runtime";
import type { VirtualClock } from "../clock/virtual-clock.ts";

/** How a process differs from others. */
export interface NodeOptions {
  readonly name: string;
  readonly clock: VirtualClock;
  /** How wrong its wall clock is. */
  readonly skewMs: number;
  readonly fraction: () => number;
  /** Its monotonic time stands still while it is paused, as in a machine that was suspended. */
  readonly isSleepUnnoticed: boolean;
}

/** A simulated process. */
export class SimulatedNode {
  readonly name: string;
  readonly id: NodeId;
  readonly clock: Clock;
  readonly random: Random;
  /** Cannot reach the store. */
  isCut = false;
  /** Turns that its executors work on. */
  turns = 0;
  readonly #base: VirtualClock;
  readonly #isSleepUnnoticed: boolean;
  #state: "running" | "paused" | "dead" = "running";
  #held: (() => void)[] = [];
  #pausedAt = 0;
  #sleptMs = 0;

  constructor({ name, clock, skewMs, fraction, isSleepUnnoticed }: NodeOptions) {
    this.name = name;
    this.id = `nod_${name.padEnd(8, "0")}` as NodeId;
    this.#base = clock;
    this.#isSleepUnnoticed = isSleepUnnoticed;
    this.clock = {
      now: () => clock.now() + skewMs,
      monotonic: () => clock.monotonic() - this.#sleptMs,
      after: (ms, fn) => this.#after(ms, fn),
    };
    this.random = { fraction, id: createIdSource(name) };
  }

  get isAlive(): boolean {
    return this.#state !== "dead";
  }

  get isPaused(): boolean {
    return this.#state === "paused";
  }

  /** Hands something in from outside: now, when the process goes on, or never. */
  deliver(fn: () => void): void {
    if (this.#state === "running") fn();
    else if (this.#state === "paused") this.#held.push(fn);
  }

  /** Ends everything the process does, at once and without a trace. */
  crash(): void {
    this.#state = "dead";
    this.#held = [];
  }

  pause(): void {
    if (this.#state !== "running") return;
    this.#state = "paused";
    this.#pausedAt = this.#base.monotonic();
  }

  /** Goes on with everything that arrived meanwhile, in order, one thing after the other. */
  resume(): void {
    if (this.#state !== "paused") return;
    this.#state = "running";
    if (this.#isSleepUnnoticed) this.#sleptMs += this.#base.monotonic() - this.#pausedAt;
    const held = this.#held;
    this.#held = [];
    for (const fn of held) this.#base.after(0, () => this.deliver(fn));
  }

  #after(ms: number, fn: () => void): () => void {
    let isCancelled = false;
    const cancel = this.#base.after(ms, () =>
      this.deliver(() => {
        if (!isCancelled) fn();
      }),
    );
    return () => {
      isCancelled = true;
      cancel();
    };
  }
}

/** Ids that say who made them, so that a history can be read. */
function createIdSource(name: string): (prefix: string) => string {
  let count = 0;
  return (prefix) => {
    count += 1;
    return `${prefix}_${name}-${String(count).padStart(5, "0")}`;
  };
}
