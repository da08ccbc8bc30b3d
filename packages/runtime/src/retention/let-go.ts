/**
 * What a session keeps less than its store does by itself, in number or in age: a
 * look is planned before an admission, and every look plans the next for as long
 * as there is something that will be too old.
 */
import { keptBy, type SessionRef, type SessionSettings, TRIM_AFTER_MS } from "@holdfast/contracts";
import { LRUCache } from "lru-cache";
import { settleAllChores } from "../loop/settle-chores.ts";
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
    const { keepMs } = keptBy(retention, settings.retention);
    if (keepMs === 0 && settings.retention === undefined) return;
    if ((this.#planned.get(refKey(ref)) ?? 0) > clock.monotonic()) return;
    const afterMs = keepMs === 0 ? TRIM_AFTER_MS : keepMs;
    await store.collection.plan(ref, afterMs);
    // Well before that plan is carried out, there is another.
    this.#planned.set(refKey(ref), clock.monotonic() + Math.min(afterMs, TRIM_AFTER_MS) / 2);
  }
}

/** Trims a session by its retention; answers when somebody must look again, `null` for not for that. */
export async function letGo(context: RuntimeContext, ref: SessionRef, publish: OutputGate): Promise<number | null> {
  const { store, retention } = context;
  const settings = (await store.directory.find(ref))?.settings;
  const { isTrimming, nextMs } = await store.collection.trim(ref, keptBy(retention, settings?.retention));
  if (isTrimming) await settleAllChores(store.ledger, ref, publish);
  return nextMs;
}
