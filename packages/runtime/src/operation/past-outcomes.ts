/** How operations ended, read from the store: from themselves while they are kept, from the feed after that. */
import type { OperationId, OperationOutcome, SessionRef } from "@holdfast/contracts";
import { LOST_WITH_OWNER, REGISTRY_ENDED } from "@holdfast/domain";
import type { OperationArchive, RegistryRef } from "../ports/operations.ts";

/** Completions read at once. */
export const FEED_PAGE = 500;

/** What is known of an operation whose registry is gone. */
export const ENDED_WITH_REGISTRY: OperationOutcome = { kind: "terminated", reason: REGISTRY_ENDED };

/** Outcomes of operations that were registered once; those in progress have none. */
export async function findOutcomes(
  archive: OperationArchive,
  { ref, epochId }: RegistryRef,
  operationIds: readonly OperationId[],
): Promise<ReadonlyMap<OperationId, OperationOutcome>> {
  const found = await Promise.all(operationIds.map((operationId) => archive.find(ref, operationId)));
  const outcomes = new Map<OperationId, OperationOutcome>();
  operationIds.forEach((operationId, index) => {
    const outcome = found[index]?.outcome ?? null;
    if (outcome !== null) outcomes.set(operationId, outcome);
  });
  const gone = operationIds.filter((_, index) => found[index] === null);
  if (gone.length === 0) return outcomes;
  const told = await searchFeed(archive, ref, new Set(gone));
  // Asked after the reads: had its life ended before them, they would have been of another.
  const isCurrent = (await archive.findRegistry(ref))?.epochId === epochId;
  for (const operationId of gone) {
    // Neither kept nor in the feed: it was stripped, for nobody knows what became of it.
    const past = told.get(operationId) ?? LOST_WITH_OWNER;
    outcomes.set(operationId, isCurrent ? past : ENDED_WITH_REGISTRY);
  }
  return outcomes;
}

async function searchFeed(archive: OperationArchive, ref: SessionRef, wanted: ReadonlySet<OperationId>) {
  const told = new Map<OperationId, OperationOutcome>();
  for (let after = 0; ; ) {
    const { entries, watermark, droppedThrough } = await archive.listCompletions(ref, { after, limit: FEED_PAGE });
    for (const { operationId, outcome } of entries) if (wanted.has(operationId)) told.set(operationId, outcome);
    after = Math.max(after + FEED_PAGE, droppedThrough);
    if (after >= watermark) return told;
  }
}
