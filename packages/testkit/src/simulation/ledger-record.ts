import type { Receipt, SessionRef } from "@holdfast/contracts";
import type { DueReply, InputRecord, SessionRecord, StoredEvent } from "@holdfast/runtime";
import type { World } from "./world.ts";

/** Everything the store says of a session when its life is over. */
export interface LedgerRecord {
  readonly ref: SessionRef;
  readonly session: SessionRecord;
  readonly inputs: readonly InputRecord[];
  readonly receipts: readonly Receipt[];
  readonly events: readonly StoredEvent[];
  /** The committed state as JSON. */
  readonly state: string | null;
  readonly dueAt: number | null;
  /** What a sweeper would be told to do about it. */
  readonly due: DueReply;
}

const ALL = { after: 0, limit: 500 };

/** Reads a session, or `null` if it is unknown. */
export async function readLedger(
  { storePorts }: Pick<World, "storePorts">,
  ref: SessionRef,
): Promise<LedgerRecord | null> {
  const { archive, ledger } = storePorts;
  const facts = await archive.explainFacts(ref);
  if (facts === null) return null;
  const [inputs, receipts, events, state] = await Promise.all([
    archive.listInputs(ref, ALL),
    archive.listReceipts(ref, ALL),
    archive.listEvents(ref, ALL),
    archive.findState(ref),
  ]);
  return {
    ref,
    session: facts.record,
    inputs: inputs.items,
    receipts: receipts.items,
    events: events.items,
    state: state?.state ?? null,
    dueAt: facts.dueAt,
    due: await ledger.inspectDue(ref),
  };
}
