/**
 * Removes the blobs of a session that nothing refers to any more: of inputs that
 * were trimmed, of states that were replaced, of whoever died before the ledger
 * knew. What is named in any text of the session is kept, and so is what was put
 * lately: somebody may be about to refer to it.
 */
import type { SessionRef } from "@holdfast/contracts";
import { isFinalPhase } from "@holdfast/domain";
import type { RuntimeContext } from "../runtime-context.ts";

type Collector = Pick<RuntimeContext, "store" | "timing" | "clock">;

/**
 * A content may move from one text to another while a walk is under way, and be passed by it in both. It is found by
 * the second one, because what moves is a copy, and the original stays for far longer than a walk takes.
 */
const WALKS = 2;

/**
 * One look at a session's blobs; whoever stops in between leaves the plan, and with it the rest, to the next.
 * `nextMs`: when somebody must look for another reason; `null` for never.
 */
export async function collectBlobs(context: Collector, ref: SessionRef, nextMs: number | null): Promise<void> {
  const { store, timing } = context;
  const record = await store.directory.find(ref);
  if (record !== null && isFinalPhase(record.phase)) await store.blobs.clear(ref);
  else await removeUnmentioned(context, ref);
  // In this order: what is put from here on is counted, or plans a look of its own.
  await store.collection.replan(ref, nextMs);
  const { young } = await store.blobs.count(ref, timing.collectAfterMs);
  if (young > 0) await store.collection.plan(ref, timing.collectAfterMs);
}

async function removeUnmentioned({ store, timing, clock }: Collector, ref: SessionRef): Promise<void> {
  const began = clock.monotonic();
  if ((await store.blobs.count(ref, timing.collectAfterMs)).old === 0) return;
  const names = new Set<string>();
  for (let walk = 0; walk < WALKS; walk += 1) {
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof store.collection.mentions>> = await store.collection.mentions(ref, cursor);
      for (const name of page.names) names.add(name);
      cursor = page.next;
    } while (cursor !== null);
  }
  // As old as that when the walks began: of what was put since, they may have missed the reference.
  await store.blobs.retain(ref, names, timing.collectAfterMs + clock.monotonic() - began);
}
