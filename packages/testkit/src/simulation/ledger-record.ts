import type { Receipt, SessionRef } from "@holdfast/contracts";
import type { InputRecord, StoredEvent } from "@holdfast/runtime";
import type { ModelImage } from "./model-store.ts";
import type { World } from "./world.ts";

/** Everything the store says of a session when its life is over. */
export interface LedgerRecord {
  readonly ref: SessionRef;
  readonly image: ModelImage;
  readonly inputs: readonly InputRecord[];
  readonly receipts: readonly Receipt[];
  readonly events: readonly StoredEvent[];
}

const ALL = { after: 0, limit: 500 };

/** Reads a session, or `null` if it is unknown. */
export async function readLedger({ store }: World, ref: SessionRef): Promise<LedgerRecord | null> {
  const image = store.inspect(ref);
  if (image === null) return null;
  const { archive } = store.connect();
  const [inputs, receipts] = await Promise.all([archive.listInputs(ref, ALL), archive.listReceipts(ref, ALL)]);
  return { ref, image, inputs: inputs.items, receipts: receipts.items, events: image.events };
}
