import type { InputHistoryEntry, SessionRef } from "@holdfast/contracts";
import { inputHistory, isHistoryOver } from "@holdfast/domain";
import type { Archive, InputRecord, StoredEvent } from "../ports/archive.ts";

const PAGE = 500;
/** An input that waits for long would otherwise have the whole life of its session read for it. */
const LONGEST_STORY = 5_000;

/** The steps of an input, from the events since its admission. */
export async function readHistory(
  archive: Archive,
  ref: SessionRef,
  { inputId, cursor }: InputRecord,
): Promise<readonly InputHistoryEntry[]> {
  const events: StoredEvent[] = [];
  let history: readonly InputHistoryEntry[] = [];
  for (let after: number | null = Math.max(0, cursor - 1); after !== null && events.length < LONGEST_STORY; ) {
    const page = await archive.listEvents(ref, { after, limit: PAGE });
    events.push(...page.items);
    history = inputHistory(inputId, events);
    after = isHistoryOver(history) ? null : page.next;
  }
  return history;
}
