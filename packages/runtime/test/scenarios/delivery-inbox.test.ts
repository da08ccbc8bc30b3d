import type { SessionRef } from "@holdfast/contracts";
import { createMemoryStore, type MemoryStore } from "@holdfast/store-memory";
import { describeDeliveryInbox, type InboxDamage } from "./delivery-inbox.ts";
import { stagesOn } from "./stage.ts";

let store: MemoryStore;

const openStage = stagesOn(async ({ clock, notices, options }) => {
  store = createMemoryStore({ clock, notifier: notices, ...options });
  return { connect: () => store.connect(), advanceTime: async () => {}, close: () => store.close() };
});

/** An inbox as a copy of the store has it. */
interface InboxCopy {
  committed: number;
  applied: number;
  readonly deliveries: Map<string, { sequence: number; sourceSequence: number }>;
  readonly submissions: Map<number, unknown>;
}

const DAMAGES: Readonly<Record<InboxDamage, (inbox: InboxCopy) => unknown>> = {
  "a row is gone": ({ submissions }) => submissions.delete(2),
  "more was applied than committed": (inbox) => {
    inbox.applied = 3;
  },
  "more is committed than there are rows": (inbox) => {
    inbox.committed = 3;
  },
  "a row under another number": ({ deliveries }) => deliveries.set("b", { sequence: 1, sourceSequence: 1 }),
  "a source sequence of zero": ({ deliveries }) => deliveries.set("b", { sequence: 2, sourceSequence: 0 }),
  "no authority": (inbox) => {
    inbox.committed = 0;
    inbox.applied = 0;
  },
};

/** Takes a copy of everything, damages the inbox in it, and puts it back. */
async function damageInbox({ sessionId }: SessionRef, damage: InboxDamage): Promise<void> {
  const snapshot = store.snapshot();
  const { inboxes } = snapshot.data as { inboxes: Map<string, InboxCopy & { ref: SessionRef }> };
  for (const inbox of inboxes.values()) if (inbox.ref.sessionId === sessionId) DAMAGES[damage](inbox);
  store.restore(snapshot);
}

describeDeliveryInbox(openStage, damageInbox);
