import type {
  InputLimits,
  KeptHistory,
  LoopLimits,
  NodeId,
  RetryBudget,
  SessionRef,
  Timing,
} from "@holdfast/contracts";
import type { Clock } from "./ports/clock.ts";
import type { Random } from "./ports/random.ts";
import type { Sha256 } from "./ports/sha256.ts";
import type { Store } from "./ports/store.ts";
import type { WakeQueue } from "./ports/wake-queue.ts";

/** Something that happened in the background: a fixed lower-case phrase and its facts. */
export interface Report {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly phrase: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Everything the runtime touches the world through. */
export interface RuntimeContext {
  readonly node: NodeId;
  readonly store: Store;
  readonly wakeQueue: WakeQueue;
  readonly clock: Clock;
  readonly random: Random;
  readonly sha256: Sha256;
  readonly timing: Timing;
  readonly budget: RetryBudget;
  readonly loop: LoopLimits;
  readonly inputLimits: InputLimits;
  readonly retention: KeptHistory;
  readonly report: (report: Report) => void;
}

/** A session as a key of a map in this process. */
export function refKey(ref: SessionRef): string {
  // A control character is in no id, so two references never share a key.
  return `${ref.tenantId}\u0000${ref.sessionId}`;
}

/** Resolves after a time, by the injected clock. */
export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}
