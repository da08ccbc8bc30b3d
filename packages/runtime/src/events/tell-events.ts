/** Stored facts as the events that readers get. */
import {
  AppError,
  categoryOf,
  type EventEnvelope,
  type EventPosition,
  isoOf,
  type SessionRef,
} from "@holdfast/contracts";
import { type ToldEvent, tellFact } from "@holdfast/domain";
import type { StoredEvent } from "../ports/archive.ts";
import type { Page } from "../ports/page.ts";

/** The events of a fact. */
function tellEvents(ref: SessionRef, stored: StoredEvent): EventEnvelope[] {
  const { cursor, at, event } = stored;
  const told = tellFact({ sessionId: ref.sessionId, event });
  return told.map((item, index): EventEnvelope => {
    const cause = item.causedBy === undefined ? stored.cause : cursor;
    const correlationId = correlationOf(stored, item);
    return {
      id: `${cursor}.${index + 1}`,
      cursor,
      at: isoOf(at),
      sessionId: ref.sessionId,
      category: categoryOf(item.event.type),
      event: item.event,
      ...(correlationId === undefined ? {} : { correlationId }),
      ...(cause === undefined ? {} : { causationId: `${cause}.${item.causedBy ?? 1}` }),
    };
  });
}

function correlationOf({ event, correlationIds = [] }: StoredEvent, { inputId }: ToldEvent): string | undefined {
  if (correlationIds.length < 2) return correlationIds[0];
  const inputIds = "inputIds" in event ? event.inputIds : "requeued" in event ? event.requeued : [];
  const own = inputId === undefined ? "" : correlationIds[inputIds.indexOf(inputId)];
  return own === "" ? undefined : own;
}

/** A position taken apart: everything up to `cursor` is known, and of the fact after it the first `part` events. */
export interface ReadFrom {
  readonly cursor: number;
  readonly part: number;
}

/** Where reading goes on. @throws request.invalid for what is neither a cursor nor the id of an event */
export function readFrom(position: EventPosition): ReadFrom {
  if (typeof position === "number") return { cursor: position, part: 0 };
  const [, cursor, part] = /^(\d{1,15})\.(\d{1,6})$/.exec(position) ?? [];
  if (cursor === undefined || Number(cursor) === 0) {
    throw new AppError("request.invalid", { message: "`after` is neither a cursor nor the id of an event" });
  }
  return { cursor: Number(cursor) - 1, part: Number(part) };
}

function isUnseen({ id, cursor: own }: EventEnvelope, { cursor, part }: ReadFrom): boolean {
  return own > cursor + 1 || (own === cursor + 1 && Number(id.slice(id.indexOf(".") + 1)) > part);
}

/** Says that what stands before a cursor is not told. A reader that comes back with its id goes on at that cursor. */
export function truncation(
  ref: SessionRef,
  { before, at }: { readonly before: number; readonly at: number },
): EventEnvelope {
  const event = { type: "events.truncated", before } as const;
  const category = categoryOf(event.type);
  return { id: `${before}.0`, cursor: before, at: isoOf(at), sessionId: ref.sessionId, category, event };
}

/** The events of a fact that a reader at `from` has not seen; facts are dense, so what is missing before it was trimmed. */
export function tellAfter(ref: SessionRef, stored: StoredEvent, from: ReadFrom): EventEnvelope[] {
  const told = tellEvents(ref, stored).filter((event) => isUnseen(event, from));
  if (stored.cursor <= from.cursor + 1) return told;
  return [truncation(ref, { before: stored.cursor, at: stored.at }), ...told];
}

/** A page of events: whole facts, as many as fit, and one at least. */
export function tellPage(
  ref: SessionRef,
  { items, next }: Page<StoredEvent>,
  bounds: { readonly from: ReadFrom; readonly limit: number },
): Page<EventEnvelope> {
  const told: EventEnvelope[] = [];
  let { from } = bounds;
  for (const stored of items) {
    const events = tellAfter(ref, stored, from);
    if (told.length > 0 && told.length + events.length > bounds.limit) return { items: told, next: from.cursor };
    told.push(...events);
    from = { cursor: stored.cursor, part: 0 };
  }
  return { items: told, next };
}
