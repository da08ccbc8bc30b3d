/**
 * What a session keeps less than its store does by itself, in number, in age or in bytes: a
 * look is planned before an admission, and every look plans the next for as long
 * as there is something that will be too old.
 */
import {
  type Kept,
  type KeptHistory,
  keptBy,
  MIN_KEPT,
  type SessionRef,
  type SessionSettings,
  TRIM_AFTER_MS,
} from "@holdfast/contracts";
import { LRUCache } from "lru-cache";
import { settleAllChores } from "../loop/settle-chores.ts";
import type { Weights } from "../ports/collection.ts";
import type { Store } from "../ports/store.ts";
import type { OutputGate } from "../publish/output-gate.ts";
import { type RuntimeContext, refKey } from "../runtime-context.ts";

const PLANNED_SESSIONS = 10_000;

/** Plans looks at sessions whose retention needs them; all others cost nothing. */
export class Looks {
  readonly #context: RuntimeContext;
  /** Until when a session needs no new plan. */
  readonly #planned = new LRUCache<string, number>({ maxSize: PLANNED_SESSIONS, sizeCalculation: () => 1 });

  constructor(context: RuntimeContext) {
    this.#context = context;
  }

  /** Somebody will look at what is about to be admitted. @throws store.unavailable */
  async plan(ref: SessionRef, settings: SessionSettings): Promise<void> {
    const { clock, retention, store } = this.#context;
    const { keepMs, keepBytes } = keptBy(retention, settings.retention);
    if (keepMs === 0 && keepBytes === 0 && settings.retention === undefined) return;
    if ((this.#planned.get(refKey(ref)) ?? 0) > clock.monotonic()) return;
    const afterMs = keepMs === 0 || keepBytes > 0 ? TRIM_AFTER_MS : keepMs;
    await store.collection.plan(ref, afterMs);
    // Well before that plan is carried out, there is another.
    this.#planned.set(refKey(ref), clock.monotonic() + Math.min(afterMs, TRIM_AFTER_MS) / 2);
  }
}

/** Trims a session by its retention; answers when somebody must look again, `null` for not for that. */
export async function letGo(context: RuntimeContext, ref: SessionRef, publish: OutputGate): Promise<number | null> {
  const { store, retention } = context;
  const settings = (await store.directory.find(ref))?.settings;
  const kept = await withinBytes(store, ref, keptBy(retention, settings?.retention));
  const { isTrimming, nextMs } = await store.collection.trim(ref, kept);
  if (isTrimming) await settleAllChores(store.ledger, ref, publish);
  return nextMs;
}

/** How many inputs and events have room. Nobody waits for this: history only grows at its other end. */
async function withinBytes(store: Store, ref: SessionRef, { keepBytes, ...kept }: KeptHistory): Promise<Kept> {
  if (keepBytes === 0) return kept;
  const events = await fitting((before) => store.collection.weigh(ref, "events", before), Math.floor(keepBytes / 2));
  const inputs = await fitting((before) => store.collection.weigh(ref, "inputs", before), keepBytes - events.bytes);
  return {
    ...kept,
    keepInputs: Math.max(Math.min(kept.keepInputs, inputs.count), MIN_KEPT),
    keepEvents: Math.max(Math.min(kept.keepEvents, events.count), MIN_KEPT),
  };
}

/** How many of the latest have room, and what they take. */
async function fitting(weigh: (before: number | null) => Promise<Weights>, room: number) {
  let [count, bytes] = [0, 0];
  let before: number | null = null;
  do {
    const step: Weights = await weigh(before);
    for (const weight of step.bytes) {
      if (bytes + weight > room) return { count, bytes };
      count += 1;
      bytes += weight;
    }
    before = step.before;
  } while (before !== null);
  return { count: Number.POSITIVE_INFINITY, bytes };
}
