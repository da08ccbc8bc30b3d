import type { DeliveryId, Delivery as StoredDelivery } from "@holdfast/contracts";
import { KEPT_DELIVERIES } from "@holdfast/contracts";
import type {
  Deliveries,
  MarkDeliveryApplied,
  MarkDeliveryReply,
  PendingDeliveries,
  SubmitDelivery,
  SubmitDeliveryReply,
} from "@holdfast/runtime";
import type { DeliveryData } from "../session/session-data.ts";
import { type MemoryContext, openSession } from "../session/work.ts";
import { deliveryAt, findDelivery, type Inbox, inboxMember, openInbox } from "./inbox.ts";

/** Delivery inboxes in process. */
export function createMemoryDeliveries(context: MemoryContext): Deliveries {
  return {
    submit: async (command) => submit(context, command),
    markApplied: async (command) => markApplied(context, command),
    pending: async (ref, limit) => pending(openInbox(context, ref), limit),
    find: async (ref, deliveryId) => {
      const inbox = openInbox(context, ref);
      const delivery = findDelivery(inbox, deliveryId);
      return delivery === null ? null : toDelivery(inbox, deliveryId, delivery);
    },
    rest: async (ref) => {
      const { applied, committed } = openInbox(context, ref);
      const { due } = context.data();
      const member = inboxMember(ref);
      if (applied === committed) due.delete(member);
      // Whoever registers the session makes it due.
      else if (openSession(context, ref) === null) due.set(member, Number.POSITIVE_INFINITY);
      else due.set(member, context.now() + context.config.timing.unhostedMs);
    },
  };
}

function submit(context: MemoryContext, { ref, submission, digest }: SubmitDelivery): SubmitDeliveryReply {
  const inbox = openInbox(context, ref);
  const known = findDelivery(inbox, submission.deliveryId);
  if (known !== null) return { kind: known.digest === digest ? "reused" : "conflict", sequence: known.sequence };
  const { due, inboxes } = context.data();
  const member = inboxMember(ref);
  const isWanted = openSession(context, ref) !== null;
  const at = isWanted ? context.now() + context.config.timing.sweepDelayMs : Number.POSITIVE_INFINITY;
  due.set(member, Math.min(due.get(member) ?? at, at));
  inboxes.set(member, inbox);
  inbox.committed += 1;
  const { deliveryId, sourceSequence } = submission;
  inbox.deliveries.set(deliveryId, { sequence: inbox.committed, sourceSequence, digest, disposition: null });
  inbox.submissions.set(inbox.committed, { ...submission });
  return { kind: "committed", sequence: inbox.committed };
}

function markApplied(context: MemoryContext, { ref, deliveryId, disposition }: MarkDeliveryApplied): MarkDeliveryReply {
  const inbox = openInbox(context, ref);
  const delivery = findDelivery(inbox, deliveryId);
  if (delivery === null) return { kind: "missing" };
  const { sequence } = delivery;
  if (sequence <= inbox.applied) return { kind: "repeated", sequence };
  const expected = inbox.applied + 1;
  if (sequence !== expected) return { kind: "out_of_order", expected, actual: sequence };
  inbox.applied = sequence;
  delivery.disposition = { ...disposition };
  if (inbox.applied - inbox.trimmed > KEPT_DELIVERIES) {
    inbox.trimmed += 1;
    inbox.submissions.set(inbox.trimmed, null);
  }
  if (inbox.applied === inbox.committed) context.data().due.delete(inboxMember(ref));
  return { kind: "applied", sequence };
}

function pending(inbox: Inbox, limit: number): PendingDeliveries {
  const { applied, committed } = inbox;
  const items: StoredDelivery[] = [];
  for (let sequence = applied + 1; sequence <= Math.min(committed, applied + limit); sequence += 1) {
    const { deliveryId, delivery } = deliveryAt(inbox, sequence);
    items.push(toDelivery(inbox, deliveryId, delivery));
  }
  return { items, applied, committed };
}

function toDelivery(inbox: Inbox, deliveryId: DeliveryId, delivery: DeliveryData): StoredDelivery {
  const { sequence, sourceSequence, disposition } = delivery;
  return { deliveryId, sequence, sourceSequence, submission: inbox.submissions.get(sequence) ?? null, disposition };
}
