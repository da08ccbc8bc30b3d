import type { DrainSlot } from "@holdfast/runtime";
import { describe, expect, it } from "vitest";
import { nodeId, sessionRef } from "../fixtures/ids.ts";
import { type SessionUnderTest, type StoreFactory, withSession } from "./store-under-test.ts";

const LEASE_MS = 10_000;

/** Proves what every store of drain slots promises. */
export function describeDrainSlots(openStore: StoreFactory): void {
  describe("drain slots", () => {
    describeTaking(openStore);
    describeWhatStays(openStore);
  });
}

function describeTaking(openStore: StoreFactory): void {
  it(
    "give a session's slot to one drain, with what of the session it goes by [D44]",
    withSession(openStore, async (session) => {
      expect(await claim(session, "one")).toEqual({
        kind: "held",
        slot: slot({ drainId: "drn_one", node: nodeId("one"), remainingMs: LEASE_MS }),
      });
      await session.advanceTime(4_000);

      expect(await claim(session, "two")).toEqual({
        kind: "taken",
        slot: slot({ drainId: "drn_one", node: nodeId("one"), remainingMs: LEASE_MS - 4_000 }),
      });
      expect(await find(session)).toMatchObject({ holder: { drainId: "drn_one" } });
    }),
  );

  it(
    "extend the lease of a drain that renews, and pass on the slot of one that does not [D44]",
    withSession(openStore, async (session) => {
      await claim(session, "one");
      await session.advanceTime(LEASE_MS - 1);
      expect(await claim(session, "one")).toMatchObject({ kind: "held", slot: { holder: { remainingMs: LEASE_MS } } });
      await session.advanceTime(LEASE_MS - 1);
      expect(await claim(session, "two")).toMatchObject({ kind: "taken" });

      await session.advanceTime(1);

      expect(await find(session)).toMatchObject({ holder: null });
      expect(await claim(session, "two")).toMatchObject({ kind: "held", slot: { holder: { drainId: "drn_two" } } });
      expect(await claim(session, "one")).toMatchObject({ kind: "taken" });
    }),
  );

  it(
    "take back a slot from the drain that has it, and from no other [D44]",
    withSession(openStore, async (session) => {
      await claim(session, "one");

      expect(await release(session, "two", { isDismissal: true })).toEqual({ kind: "lost" });
      expect(await find(session)).toMatchObject({ isDismissed: false, holder: { drainId: "drn_one" } });
      expect(await release(session, "one")).toEqual({ kind: "released", generation: 0 });
      expect(await release(session, "one")).toEqual({ kind: "lost" });
      expect(await claim(session, "two")).toMatchObject({ kind: "held" });
    }),
  );

  it(
    "say that a session was dismissed also while it is being removed [D46]",
    withSession(openStore, async (session) => {
      const { store, ref, ids } = session;
      await claim(session, "one");
      await store.unregistration.begin({ ref, requestId: ids.request() });
      await release(session, "one", { isDismissal: true });

      expect(await claim(session, "two")).toMatchObject({ kind: "dismissed" });
    }),
  );

  it(
    "show whether the session is bound, at work, and in which phase",
    withSession(
      openStore,
      async (session) => {
        expect(await find(session)).toMatchObject({ phase: "idle", isBound: false, hasRun: false });
        await session.register();
        await session.accept();
        await session.stage();
        expect(await claim(session, "one")).toMatchObject({ slot: { isBound: true, hasRun: true } });

        await session.apply("stop");

        expect(await find(session)).toMatchObject({ phase: "stopped", isBound: false, hasRun: false });
      },
      { binding: null },
    ),
  );
}

function describeWhatStays(openStore: StoreFactory): void {
  it(
    "keep the wish to be kept alive until it is changed, whoever drains meanwhile [D45]",
    withSession(openStore, async (session) => {
      const { drains } = session.store;
      expect(await find(session)).toMatchObject({ isKeepAlive: false });
      expect(await drains.keepAlive(session.ref, true)).toMatchObject({ isKeepAlive: true });
      await claim(session, "one");
      await release(session, "one");
      await session.apply("reset");

      expect(await find(session)).toMatchObject({ isKeepAlive: true });
      expect(await drains.keepAlive(session.ref, false)).toMatchObject({ isKeepAlive: false, holder: null });
      expect(await find(session)).toMatchObject({ isKeepAlive: false });
    }),
  );

  it(
    "give a dismissed session's slot to nobody until it was ended and revived [D46]",
    withSession(openStore, async (session) => {
      await claim(session, "one");
      expect(await release(session, "one", { isDismissal: true })).toEqual({ kind: "released", generation: 0 });

      expect(await claim(session, "one")).toMatchObject({
        kind: "dismissed",
        slot: { isDismissed: true, holder: null },
      });
      expect(await session.store.drains.keepAlive(session.ref, true)).toMatchObject({ isDismissed: true });
      await session.apply("stop");
      await session.register();

      expect(await find(session)).toMatchObject({ isDismissed: false, isKeepAlive: true });
      expect(await claim(session, "two")).toMatchObject({ kind: "held" });
    }),
  );

  it(
    "have none for a session that is unknown or destroyed [D44]",
    withSession(openStore, async (session) => {
      const { drains } = session.store;
      const nowhere = sessionRef("nowhere");
      await claim(session, "one");
      await session.apply("destroy");
      await session.settleChores();

      for (const ref of [nowhere, session.ref]) {
        expect(await drains.find(ref)).toBeNull();
        expect(await drains.keepAlive(ref, true)).toBeNull();
        expect(await drains.claim({ ref, drainId: "drn_one", node: nodeId("one"), leaseMs: LEASE_MS })).toEqual({
          kind: "missing",
        });
        expect(await drains.release({ ref, drainId: "drn_one", isDismissal: true })).toEqual({ kind: "missing" });
      }
    }),
  );
}

function slot(holder: DrainSlot["holder"]): DrainSlot {
  return { phase: "idle", generation: 0, isBound: true, hasRun: false, isKeepAlive: false, isDismissed: false, holder };
}

function find(session: SessionUnderTest) {
  return session.store.drains.find(session.ref);
}

function claim(session: SessionUnderTest, name: string) {
  return session.store.drains.claim({
    ref: session.ref,
    drainId: `drn_${name}`,
    node: nodeId(name),
    leaseMs: LEASE_MS,
  });
}

function release(session: SessionUnderTest, name: string, { isDismissal = false } = {}) {
  return session.store.drains.release({ ref: session.ref, drainId: `drn_${name}`, isDismissal });
}
