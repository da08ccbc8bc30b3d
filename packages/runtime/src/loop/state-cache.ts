import type { SessionRef } from "@holdfast/contracts";
import { LRUCache } from "lru-cache";
import { refKey } from "../runtime-context.ts";

/** A committed state and the digest of the receipt that committed it. */
export interface CachedState {
  readonly digest: string;
  /** Canonical JSON; `null` before the first commit. */
  readonly state: string | null;
}

const MAX_CHARACTERS = 64 * 1_048_576;

/** Committed states of sessions this worker had lately; the digest tells the store whether one is current. */
export class StateCache {
  readonly #states = new LRUCache<string, CachedState>({
    maxSize: MAX_CHARACTERS,
    sizeCalculation: ({ state }) => (state?.length ?? 0) + 256,
  });

  find(ref: SessionRef): CachedState | null {
    return this.#states.get(refKey(ref)) ?? null;
  }

  put(ref: SessionRef, cached: CachedState): void {
    this.#states.set(refKey(ref), cached);
  }

  forget(ref: SessionRef): void {
    this.#states.delete(refKey(ref));
  }
}
