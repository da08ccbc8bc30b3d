/** A delivery inbox: opened, and found sound or not. What contradicts itself is corrupt and stays as it is (D64). */
import { AppError, type DeliveryId, type SessionRef } from "@holdfast/contracts";
import type { DeliveryData, InboxData } from "../session/session-data.ts";
import { type MemoryContext, memberOf } from "../session/work.ts";

/** An inbox that was found sound. */
export type Inbox = InboxData;

/** How the `due` index tells a session's inbox from the session. */
export const INBOX_SUFFIX = ".n";

/** How the `due` index names a session's inbox. */
export function inboxMember(ref: SessionRef): string {
  return `${memberOf(ref)}${INBOX_SUFFIX}`;
}

/** The inbox of a session, empty before its first delivery. @throws store.corrupt */
export function openInbox(context: MemoryContext, ref: SessionRef): Inbox {
  const inbox = context.data().inboxes.get(inboxMember(ref));
  if (inbox === undefined) {
    return { ref, committed: 0, applied: 0, trimmed: 0, deliveries: new Map(), submissions: new Map() };
  }
  const fault = faultOf(inbox);
  if (fault !== null) throw corrupt(fault);
  return inbox;
}

function faultOf({ committed, applied, trimmed, deliveries, submissions }: InboxData): string | null {
  const isRow = [committed, applied, trimmed].every((count) => Number.isInteger(count) && count >= 0);
  if (!isRow) return "its authority is no row of an authority";
  if (applied > committed) return "more was applied than was committed";
  if (trimmed > applied) return "what is pending was let go";
  const isDense = deliveries.size === committed && submissions.size === committed;
  const isBounded = committed === 0 || submissions.has(committed);
  return isDense && isBounded ? null : `its rows are not those of 1 to ${committed}`;
}

function corrupt(fault: string): AppError {
  return new AppError("store.corrupt", { message: `the delivery inbox is corrupt: ${fault}` });
}

/** A delivery of an inbox, or `null`. @throws store.corrupt */
export function findDelivery(inbox: Inbox, deliveryId: DeliveryId): DeliveryData | null {
  const delivery = inbox.deliveries.get(deliveryId);
  if (delivery === undefined) return null;
  const { sequence, sourceSequence, disposition } = delivery;
  const isSound = sequence >= 1 && sequence <= inbox.committed && sourceSequence >= 1;
  if (!isSound || (disposition !== null) !== sequence <= inbox.applied) {
    throw corrupt("the row of a delivery contradicts it");
  }
  return delivery;
}

/** What was committed under a number. @throws store.corrupt */
export function deliveryAt(inbox: Inbox, sequence: number) {
  const deliveryId = inbox.submissions.get(sequence)?.deliveryId;
  const delivery = deliveryId === undefined ? null : findDelivery(inbox, deliveryId);
  if (deliveryId === undefined || delivery === null) throw corrupt(`nothing was committed as ${sequence}`);
  if (delivery.sequence !== sequence) throw corrupt(`two deliveries are ${sequence}`);
  return { deliveryId, delivery };
}
