import type { SessionRef } from "@holdfast/contracts";
import { pack } from "msgpackr";
import { describeDeliveryInbox, type InboxDamage } from "../../../runtime/test/scenarios/delivery-inbox.ts";
import { stagesOn } from "../../../runtime/test/scenarios/stage.ts";
import { encodeId } from "../../src/layout/keys.ts";
import { openTimedStore, type TimedStore } from "../open-store.ts";

let opened: TimedStore;

const openStage = stagesOn(async ({ notices }) => {
  opened = await openTimedStore();
  const { store, advanceTime, close } = opened;
  return {
    connect: () => ({ ...store, notifier: notices.connect(), close: async () => {} }),
    advanceTime,
    close,
  };
});

/** Columns as a script packs them. */
function row(...columns: readonly (number | string)[]): Buffer {
  return Buffer.concat(columns.map((column) => pack(column)));
}

const VERSION = 1;
const B = `i${encodeId("b")}`;
const DAMAGES: Readonly<Record<InboxDamage, (key: string) => Promise<unknown>>> = {
  "a row is gone": (key) => opened.client.hdel(key, "s2"),
  "more was applied than committed": (key) => opened.client.hset(key, "authority", row(VERSION, 2, 3, 0)),
  "more is committed than there are rows": (key) => opened.client.hset(key, "authority", row(VERSION, 3, 1, 0)),
  "a row under another number": (key) => opened.client.hset(key, B, row(1, 1, "digest", "")),
  "a source sequence of zero": (key) => opened.client.hset(key, B, row(2, 0, "digest", "")),
  "no authority": (key) => opened.client.hdel(key, "authority"),
};

async function damageInbox(ref: SessionRef, damage: InboxDamage): Promise<void> {
  await DAMAGES[damage](opened.store.keys.inbox(ref).inbox);
}

describeDeliveryInbox(openStage, damageInbox);
