import type { SessionRef } from "@holdfast/contracts";
import type { RuntimeContext } from "../runtime-context.ts";

/** What keeping a blob needs. */
export type BlobKeeper = Pick<RuntimeContext, "store" | "timing">;

/**
 * Keeps a blob that the ledger is about to refer to. Whoever dies in between leaves one that nothing refers to, and the
 * plan to look for it.
 *
 * @throws store.unavailable, store.limited, blob.unsupported
 */
export async function keepBlob(
  { store, timing }: BlobKeeper,
  ref: SessionRef,
  blob: { readonly name: string; readonly content: Uint8Array },
): Promise<void> {
  await store.collection.plan(ref, timing.collectAfterMs);
  await store.blobs.put(ref, blob.name, blob.content);
}
