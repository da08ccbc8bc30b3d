import type { SessionRef } from "@holdfast/contracts";
import { type RuntimeContext, refKey } from "../runtime-context.ts";

/** Waits until a session may have changed. */
export interface Listening {
  /** Resolves with a ring since the listening began, the end of the time, or the abort. */
  wait(ms: number): Promise<void>;
  cancel(): void;
}

/** Rings for whoever in this process waits for a session to change. */
export class Bells {
  readonly #context: RuntimeContext;
  readonly #bells = new Map<string, Set<() => void>>();

  constructor(context: RuntimeContext) {
    this.#context = context;
  }

  /** A session has changed. */
  ring(ref: SessionRef): void {
    for (const ring of this.#bells.get(refKey(ref)) ?? []) ring();
  }

  /** Messages may have been missed. */
  ringAll(): void {
    for (const bells of this.#bells.values()) for (const ring of bells) ring();
  }

  /** Begins to listen: what rings from now on ends the wait, also before it has begun. */
  listen(ref: SessionRef, signal: AbortSignal): Listening {
    const { clock } = this.#context;
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
      wait: (ms) => {
        if (signal.aborted) return Promise.resolve();
        cancelTimer = clock.after(ms, ring);
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
