/** The suite of the registry of background operations; its promises are O6 to O13, and O18. */
import type { EpochId, OperationId, WaitId } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { nodeId } from "../fixtures/ids.ts";
import { as } from "../fixtures/session-driver.ts";
import { describeAwaitingRuns } from "./operations/awaiting-runs.ts";
import { moveOperation as move, openRegistry, registerOperation as register } from "./operations/registry.ts";
import { type StoreFactory, withSession } from "./store-under-test.ts";

const OWNER_LEASE_MS = 30_000;

/** Proves what every store of background operations promises. */
export function describeOperations(openStore: StoreFactory): void {
  describe("operations", () => {
    describeMoves(openStore);
    describeOwners(openStore);
    describeLives(openStore);
    describeAwaitingRuns(openStore);
  });
}

function describeMoves(openStore: StoreFactory): void {
  it(
    "end in one step: status, outcome, count and completion [O6]",
    withSession(openStore, async (session) => {
      const registry = await openRegistry(session);
      await register(session, registry, "a");
      await move(session, registry, "a", { action: "provision" });

      await move(session, registry, "a", { action: "complete", outcome: '{"kind":"completed","result":1}' });

      const { operationArchive: archive } = session.store;
      const outcome = { kind: "completed", result: 1 };
      expect(await archive.find(session.ref, "a" as OperationId)).toMatchObject({ status: "completed", outcome });
      expect(await archive.findRegistry(session.ref)).toMatchObject({ active: 0, watermark: 1 });
      expect(await archive.listCompletions(session.ref, { after: 0, limit: 10 })).toMatchObject({
        entries: [{ seq: 1, operationId: "a", outcome }],
        watermark: 1,
        droppedThrough: 0,
      });
    }),
  );

  it(
    "are answered as at first when a call is repeated, and refused when it says something else [O7, O8]",
    withSession(openStore, async (session) => {
      const registry = await openRegistry(session);
      const requestId = session.ids.request();
      await register(session, registry, "a");
      await move(session, registry, "a", { action: "cancel", requestId, outcome: '{"kind":"cancelled"}' });

      const again = await move(session, registry, "a", {
        action: "cancel",
        requestId,
        outcome: '{"kind":"cancelled"}',
      });
      const same = await move(session, registry, "a", { action: "fail", outcome: '{"kind":"cancelled"}' });
      const other = await move(session, registry, "a", { action: "fail", outcome: '{"kind":"failed","error":"e"}' });

      expect([again.kind, same.kind]).toEqual(["moved", "moved"]);
      expect(other).toMatchObject({ kind: "refused", status: "cancelled" });
      expect(await session.store.operationArchive.findRegistry(session.ref)).toMatchObject({ watermark: 1 });
    }),
  );
}

function describeOwners(openStore: StoreFactory): void {
  it(
    "that end with the report of another process are in progress nowhere [O6, O10]",
    withSession(openStore, async (session) => {
      const registry = await openRegistry(session);
      await register(session, registry, "a");

      const report = { action: "cancel", outcome: '{"kind":"cancelled"}', takesOwnership: true } as const;
      await move(session, registry, "a", { ...report, node: nodeId("another") });

      const { store, ref } = session;
      for (const name of ["first", "another"]) {
        const reply = await store.operations.open({ ...registry, node: nodeId(name), fromSlot: 0 });
        expect(reply).toMatchObject({ kind: "open", owned: 0 });
      }
      expect(await store.operationArchive.find(ref, "a" as OperationId)).toMatchObject({ owner: nodeId("another") });
    }),
  );

  it(
    "leave without a completion when their process is gone [O10]",
    withSession(openStore, async (session) => {
      const registry = await openRegistry(session);
      await register(session, registry, "a");
      await session.advanceTime(OWNER_LEASE_MS);

      await session.store.operations.open({ ...registry, node: nodeId("another"), fromSlot: 0 });

      const { store, ref } = session;
      expect(await store.operationArchive.find(ref, "a" as OperationId)).toBeNull();
      expect(await store.operationArchive.findRegistry(ref)).toMatchObject({ active: 0, watermark: 0 });
    }),
  );
}

function describeLives(openStore: StoreFactory): void {
  it(
    "belong to one life: the first epoch counts, and a stopped session begins another [O11]",
    withSession(openStore, async (session) => {
      const registry = await openRegistry(session);
      const { store, ref } = session;
      const other = { ref, epochId: "epo_2" as EpochId };
      const found = await store.operations.open({ ...other, node: nodeId("another"), fromSlot: 0 });
      expect(found).toMatchObject({ kind: "open", epochId: registry.epochId });

      await session.apply("stop");
      await session.settleChores();
      await session.register();

      expect(await store.operations.advanceCursor(registry, 0)).toEqual({ kind: "ended" });
      const anew = await store.operations.open({ ...other, node: nodeId("another"), fromSlot: 0 });
      expect(anew).toMatchObject({ kind: "open", epochId: other.epochId, watermark: 0 });
    }),
  );

  it(
    "are waited for by one wait at a time, which ends with the last of them [O12]",
    withSession(openStore, async (session) => {
      const registry = await openRegistry(session);
      for (const name of ["a", "b"]) await register(session, registry, name);
      const operationIds = ["a", "b"] as OperationId[];
      const wait = (waitId: string) => {
        const named = { waitId: waitId as WaitId, total: 2, from: 0, operationIds };
        const by = { node: nodeId("first"), action: "begin" } as const;
        return session.store.operations.waitAll({ ...registry, ...named, ...by });
      };
      expect(await wait("wai_1")).toMatchObject({ kind: "waiting", left: 2 });
      expect(await wait("wai_2")).toEqual({ kind: "active", waitId: "wai_1" });

      const end = { action: "cancel", outcome: '{"kind":"cancelled"}' } as const;
      const first = as(await move(session, registry, "a", end), "moved");
      const last = as(await move(session, registry, "b", end), "moved");

      expect(first.change.satisfied).toBeNull();
      expect(last.change.satisfied).toEqual({ waitId: "wai_1", node: nodeId("first") });
    }),
  );

  it(
    "are read up to a cursor that never goes back, nor beyond the feed [O13]",
    withSession(openStore, async (session) => {
      const registry = await openRegistry(session);
      await register(session, registry, "a");
      await move(session, registry, "a", { action: "cancel", outcome: '{"kind":"cancelled"}' });
      const { operations } = session.store;

      expect(await operations.advanceCursor(registry, 9)).toMatchObject({ cursors: { agentApplied: 1 } });
      expect(await operations.advanceCursor(registry, 0)).toMatchObject({ cursors: { agentApplied: 1 } });
    }),
  );
}
