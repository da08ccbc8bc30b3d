/**
 * Keeps the leases of all of a worker's holds, in one call per beat.
 *
 * Invariants
 *   K1  A hold's deadline counts from the moment the latest call that granted its
 *       lease (a staging, a renewal) was sent, less a safety margin: the worker
 *       stops before anybody may take over.
 *   K2  Past its deadline a hold is aborted before anything else of it runs.
 *   K3  A process that slept past a lease notices before it renews.
 */
import type { RunId } from "@holdfast/contracts";
import { abortReasonOf } from "@holdfast/domain";
import type { AbortReason } from "../ports/executor.ts";
import type { Hold } from "../ports/ledger.ts";
import type { RuntimeContext } from "../runtime-context.ts";

/** A hold that is kept alive. */
export interface KeptHold extends Hold {
  /** The run in progress; a cancel request for another one is not meant. */
  readonly runId: RunId | null;
  /** Ends what runs under the hold. */
  abort(reason: AbortReason): void;
  /** An input asks the turn in progress for attention. */
  attend(): void;
  /** Monotonic time until which the hold is certainly ours. */
  deadline: number;
}

const WATCH_MS = 1_000;
const JITTER = 0.1;

/** One keeper serves one worker. */
export class LeaseKeeper {
  readonly #context: RuntimeContext;
  readonly #holds = new Set<KeptHold>();
  readonly #cancels = new Set<() => void>();
  #isRenewing = false;
  #isStopped = false;

  constructor(context: RuntimeContext) {
    this.#context = context;
  }

  /** Starts to beat. */
  start(): void {
    this.#beat();
    this.#watch();
  }

  /** Stops to beat; holds that are left run into their deadline. */
  stop(): void {
    this.#isStopped = true;
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
  }

  /** When a hold ends whose lease was granted by a call sent at this time (K1). */
  deadlineFrom(sentAt: number): number {
    return sentAt + this.#context.timing.leaseMs - this.#context.timing.safetyMs;
  }

  keep(hold: KeptHold): void {
    this.#holds.add(hold);
  }

  release(hold: KeptHold): void {
    this.#holds.delete(hold);
  }

  #later(ms: number, fn: () => void): void {
    if (this.#isStopped) return;
    const cancel = this.#context.clock.after(ms, () => {
      this.#cancels.delete(cancel);
      fn();
    });
    this.#cancels.add(cancel);
  }

  #beat(): void {
    const { renewMs } = this.#context.timing;
    this.#later(renewMs * (1 + JITTER * (2 * this.#context.random.fraction() - 1)), () => {
      this.#abortOverdue();
      void this.#renew();
      this.#beat();
    });
  }

  #watch(): void {
    this.#later(Math.min(WATCH_MS, this.#context.timing.safetyMs / 2), () => {
      this.#abortOverdue();
      this.#watch();
    });
  }

  /** K2, K3: after a sleep the timers fire late, and this runs before the renewal. */
  #abortOverdue(): void {
    const now = this.#context.clock.monotonic();
    for (const hold of this.#holds) {
      if (hold.deadline <= now) hold.abort("lease_lost");
    }
  }

  async #renew(): Promise<void> {
    // A slow store must not pile up renewals; the next beat takes everything anyway.
    if (this.#isRenewing || this.#holds.size === 0) return;
    this.#isRenewing = true;
    const holds = [...this.#holds];
    const sentAt = this.#context.clock.monotonic();
    try {
      const replies = await this.#context.store.ledger.renew(holds);
      replies.forEach((reply, index) => {
        const hold = holds[index] as KeptHold;
        if (reply.kind === "lost") {
          // Between two runs a hold may just have been let go: only one with a run has something to abort.
          if (this.#holds.has(hold) && hold.runId !== null) hold.abort("lease_lost");
          return;
        }
        // Another batch may have been staged while this answer was on its way: that lease is the later one.
        hold.deadline = Math.max(hold.deadline, this.deadlineFrom(sentAt));
        if (reply.isAttentionAsked) hold.attend();
        const { cancel } = reply;
        // One that is asked to end at its boundary learns of it there.
        if (cancel === null || cancel.runId !== hold.runId || cancel.mode === "boundary") return;
        hold.abort(abortReasonOf(cancel.mode));
      });
    } catch (error) {
      this.#context.report({ level: "warn", phrase: "leases not renewed", fields: { holds: holds.length, error } });
    } finally {
      this.#isRenewing = false;
    }
  }
}
