/**
 * Tells sessions at rest that detached work has ended.
 *
 * Invariants
 *   O14  One continuation tells of everything that has ended so far; the session
 *        is told in the step that admits it, so nobody tells it twice.
 *   O15  What is owed to a session is owed until it was told: while it is at rest
 *        a sweeper finds it due, and whoever lets go of it sees it.
 */
import type { EpochId, SessionRef } from "@holdfast/contracts";
import { backgroundCompletion } from "@holdfast/domain";
import type { Ingress } from "../ingress/ingress.ts";
import { type RuntimeContext, refKey } from "../runtime-context.ts";

/** How long completions are gathered before a session at rest is told: several often end together. */
const GATHER_MS = 10;

/** Tells sessions what they are owed. */
export class IdleWake {
  readonly #context: RuntimeContext;
  readonly #findIngress: () => Ingress;
  readonly #gathering = new Map<string, () => void>();

  constructor(context: RuntimeContext, findIngress: () => Ingress) {
    this.#context = context;
    this.#findIngress = findIngress;
  }

  /** Something ended in a session at rest: tells it soon. */
  tellSoon(ref: SessionRef): void {
    const key = refKey(ref);
    if (this.#gathering.has(key)) return;
    const cancel = this.#context.clock.after(GATHER_MS, () => {
      this.#gathering.delete(key);
      void this.tell(ref);
    });
    this.#gathering.set(key, cancel);
  }

  /** Tells a session what it is owed, if that is still so. Never rejects: the session stays due (O15). */
  async tell(ref: SessionRef): Promise<void> {
    try {
      const registry = await this.#context.store.operationArchive.findRegistry(ref);
      if (registry === null) return;
      const { epochId, watermark, tellings } = registry;
      const idempotencyKey = keyOf(epochId, watermark, tellings);
      await this.#findIngress().tell(ref, { ...backgroundCompletion(), idempotencyKey }, watermark);
    } catch (error) {
      this.#context.report({ level: "warn", phrase: "detached work not told", fields: { ref, error } });
    }
  }

  /** What is not told yet is left to the sweepers. */
  close(): void {
    for (const cancel of this.#gathering.values()) cancel();
    this.#gathering.clear();
  }
}

/** The same watermark is told again when the continuation was dropped before it ran. */
function keyOf(epochId: EpochId, watermark: number, tellings: number): string {
  return `background-completion:${epochId}:${watermark}:${tellings}`;
}
