/**
 * Admits inputs as fast as the store takes them, and learns how they ended.
 *
 *   X3  An input is admitted after the previous one of its session was
 *       acknowledged: order within a session is that of the file.
 *   X4  An admission or a wait whose result is unknown is repeated with the same
 *       key until it is known: an outage loses nothing.
 *   X5  Lines parked, admissions under way and outcomes awaited are each bounded.
 *   X6  After the signal nothing new is admitted; what is under way is let go.
 */
import { type Admission, isAppError, type Outcome } from "holdfast";
import type { ReplayInput } from "./parse-line.ts";
import { Semaphore } from "./semaphore.ts";
import { countFailure, type Tally } from "./tally.ts";

/** Where inputs go. */
export interface ReplayTarget {
  /** Admits once; `completion` is how it ends, `null` when it was rejected. */
  admit(input: ReplayInput): Promise<{ readonly admission: Admission; readonly completion: Promise<Outcome> | null }>;
  /** How an admitted input ends. */
  outcome(input: ReplayInput): Promise<Outcome>;
}

export interface PumpOptions {
  readonly target: ReplayTarget;
  readonly tally: Tally;
  readonly signal: AbortSignal;
  /** Admissions under way at the same time. */
  readonly concurrency: number;
  /** Outcomes awaited at the same time; `0` awaits none. */
  readonly maxInFlight: number;
  /** Waits before a repeat. */
  readonly pause: (ms: number) => Promise<void>;
  readonly onFailed?: (input: ReplayInput, reason: string) => void;
  /** The store has it, now or since an earlier run. */
  readonly onAdmitted?: (input: ReplayInput, admission: Exclude<Admission, { kind: "rejected" }>) => void;
  /** How it ended. */
  readonly onEnded?: (input: ReplayInput, outcome: Outcome) => void;
  /** What to send in the place of an input that ended so, behind what is parked; `null` for nothing. */
  readonly resend?: (input: ReplayInput, outcome: Outcome) => ReplayInput | null;
  /** The store stopped answering, or answers again. */
  readonly onOutage?: (isOver: boolean) => void;
}

/** Lines parked per admission under way, so that a burst of one session does not idle the rest. */
const PARKED_PER_ADMISSION = 16;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;

/** Puts every input in; resolves when all have ended, or at the signal. */
export async function pump(inputs: AsyncIterable<ReplayInput>, options: PumpOptions): Promise<void> {
  const { signal } = options;
  const running = new Pump(options);
  // Raced once for the whole run: a race per input against a promise that stays would keep every one of them.
  await new Promise<void>((resolve, reject) => {
    const stop = () => {
      running.stop();
      resolve();
    };
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { once: true });
    running
      .run(inputs)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", stop));
  });
}

class Pump {
  readonly #options: PumpOptions;
  readonly #parking: Semaphore;
  readonly #admitting: Semaphore;
  readonly #awaiting: Semaphore;
  readonly #lanes = new Map<string, ReplayInput[]>();
  #underWay = 0;
  #whenIdle: (() => void) | null = null;
  #fault: { readonly error: unknown } | null = null;
  #isStopped = false;
  #isOut = false;

  constructor(options: PumpOptions) {
    this.#options = options;
    this.#parking = new Semaphore(options.concurrency * PARKED_PER_ADMISSION);
    this.#admitting = new Semaphore(options.concurrency);
    this.#awaiting = new Semaphore(Math.max(1, options.maxInFlight));
  }

  async run(inputs: AsyncIterable<ReplayInput>): Promise<void> {
    for await (const input of inputs) {
      await this.#parking.acquire();
      if (this.#isStopped) break;
      this.#options.tally.read += 1;
      this.#park(input);
    }
    if (this.#underWay > 0) await new Promise<void>((resolve) => (this.#whenIdle = resolve));
    if (this.#fault !== null) throw this.#fault.error;
  }

  /** Lets everybody who waits through, to find that it is over. */
  stop(): void {
    this.#isStopped = true;
    for (const semaphore of [this.#parking, this.#admitting, this.#awaiting]) semaphore.close();
  }

  /** One lane per session that has something parked (X3). */
  #park(input: ReplayInput): void {
    const lane = this.#lanes.get(input.sessionId);
    if (lane !== undefined) {
      lane.push(input);
      return;
    }
    const fresh = [input];
    this.#lanes.set(input.sessionId, fresh);
    this.#start(this.#drainLane(input.sessionId, fresh));
  }

  async #drainLane(sessionId: string, lane: ReplayInput[]): Promise<void> {
    for (let input = lane.shift(); input !== undefined && !this.#isStopped; input = lane.shift()) {
      await this.#admitOne(input);
      this.#parking.release();
    }
    this.#lanes.delete(sessionId);
  }

  async #admitOne(input: ReplayInput): Promise<void> {
    const isAwaited = this.#options.maxInFlight > 0;
    if (isAwaited) await this.#awaiting.acquire();
    await this.#admitting.acquire();
    const admitted = this.#isStopped ? null : await this.#admit(input);
    this.#admitting.release();
    if (!isAwaited) return;
    if (admitted === null) this.#awaiting.release();
    else this.#start(this.#follow(input, admitted.completion));
  }

  /** Learns how an input ended, and sends what takes its place. */
  async #follow(input: ReplayInput, completion: Promise<Outcome>): Promise<void> {
    const again = await this.#settle(input, completion).finally(() => this.#awaiting.release());
    if (again === null) return;
    await this.#parking.acquire();
    if (!this.#isStopped) this.#park(again);
  }

  /** The completion of an admitted input, boxed so that nobody awaits it by accident; `null` when there is none. */
  async #admit(input: ReplayInput): Promise<{ readonly completion: Promise<Outcome> } | null> {
    const { target, tally } = this.#options;
    try {
      const answer = await this.#untilKnown(() => target.admit(input));
      if (answer === null) return null;
      const { admission, completion } = answer;
      // Whoever waits handles it; without a waiter its failure is nobody's.
      completion?.catch(() => {});
      if (admission.kind === "rejected") {
        this.#fail(input, admission.reason);
        return null;
      }
      tally.admitted += 1;
      this.#options.onAdmitted?.(input, admission);
      if (admission.kind === "deduplicated") tally.deduplicated += 1;
      return completion === null ? null : { completion };
    } catch (error) {
      this.#fail(input, reasonOf(error));
      return null;
    }
  }

  async #settle(input: ReplayInput, completion: Promise<Outcome>): Promise<ReplayInput | null> {
    const { target, tally, onEnded, resend } = this.#options;
    let next = () => completion;
    try {
      const outcome = await this.#untilKnown(() => {
        const asked = next();
        next = () => target.outcome(input);
        return asked;
      });
      if (outcome === null) return null;
      onEnded?.(input, outcome);
      const again = resend?.(input, outcome) ?? null;
      if (again !== null) {
        tally.resent += 1;
        return again;
      }
      const reason = reasonOfEnd(outcome);
      if (reason === null) tally.done += 1;
      else this.#fail(input, reason);
    } catch (error) {
      this.#fail(input, reasonOf(error));
    }
    return null;
  }

  /** Repeats while the store does not answer (X4); `null` when stopped first. */
  async #untilKnown<T>(ask: () => Promise<T>): Promise<T | null> {
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      try {
        const answer = await ask();
        this.#noteOutage(false);
        return answer;
      } catch (error) {
        if (!isUnknown(error)) throw error;
      }
      // Who stopped it closes the store next, and what was still asked fails by that.
      if (this.#isStopped) return null;
      this.#noteOutage(true);
      await this.#options.pause(pause * (0.5 + Math.random()));
      if (this.#isStopped) return null;
    }
  }

  #noteOutage(isOut: boolean): void {
    if (isOut === this.#isOut) return;
    this.#isOut = isOut;
    if (isOut) this.#options.tally.outages += 1;
    this.#options.onOutage?.(!isOut);
  }

  #fail(input: ReplayInput, reason: string): void {
    countFailure(this.#options.tally, reason);
    this.#options.onFailed?.(input, reason);
  }

  #start(work: Promise<void>): void {
    this.#underWay += 1;
    work
      .catch((error: unknown) => {
        // Nothing here throws unless there is a defect; it ends the replay instead of hanging it.
        this.#fault ??= { error };
        this.stop();
      })
      .finally(() => {
        this.#underWay -= 1;
        if (this.#underWay === 0) this.#whenIdle?.();
      });
  }
}

/** Whether asking again can tell: the store did not answer, its answer took too long, or there was no room. */
function isUnknown(error: unknown): boolean {
  const codes = ["store.unavailable", "wait.timeout", "store.limited", "session.limited"] as const;
  return codes.some((code) => isAppError(error, code));
}

/** Why an input did not end as it should; `null` when it did. */
function reasonOfEnd(outcome: Outcome | { readonly kind: "cancelled" }): string | null {
  if (outcome.kind === "abandoned") return outcome.failure?.code ?? outcome.reason;
  return outcome.kind === "cancelled" ? outcome.kind : null;
}

function reasonOf(error: unknown): string {
  if (isAppError(error)) return error.code;
  return error instanceof Error ? error.message : String(error);
}
