import type { OperationId, RunId } from "@holdfast/contracts";
import type { RegistryRef } from "@holdfast/runtime";
import { expect, it } from "vitest";
import { suspended } from "../../fixtures/checkpoints.ts";
import { nodeId } from "../../fixtures/ids.ts";
import { as } from "../../fixtures/session-driver.ts";
import { type SessionUnderTest, type StoreFactory, withSession } from "../store-under-test.ts";
import { moveOperation, openRegistry, registerOperation } from "./registry.ts";

const OWNER_LEASE_MS = 30_000;
const CANCELLED = '{"kind":"cancelled"}';
const LOST = '{"kind":"terminated","reason":"owner_lost"}';

/** Proves what becomes of runs that are suspended on operations (O18). */
export function describeAwaitingRuns(openStore: StoreFactory): void {
  describeEnds(openStore);
  describeLost(openStore);
  describeLeft(openStore);
}

function describeEnds(openStore: StoreFactory): void {
  it(
    "let a run that is suspended on one go on with how it ended, once [O18]",
    withSession(openStore, async (session) => {
      const registry = await openRegistry(session);
      await registerOperation(session, registry, "a");
      const runId = await suspendOn(session, "a");
      const requestId = session.ids.request();

      const first = as(await cancel(session, registry, "a", requestId), "moved");
      const again = as(await cancel(session, registry, "a", requestId), "moved");

      // The run is how the session learns of it: nothing else is owed.
      expect(first).toMatchObject({ wake: { signal: "wake" }, isOwing: false });
      expect(again.wake.signal).toBe("none");
      expect(await session.dueAt()).toBeGreaterThan(session.now());
      await expectResumed(session, runId, CANCELLED);
      expect(await session.claim()).toMatchObject({ kind: "idle", isOwing: false });
    }),
  );

  it(
    "that ended before a run is suspended on them let it go on at once; of an unknown one nothing is known [O18]",
    withSession(openStore, async (session) => {
      const registry = await openRegistry(session);
      await registerOperation(session, registry, "a");
      await cancel(session, registry, "a");

      await expectResumed(session, await suspendOn(session, "a"), CANCELLED);
      await expectResumed(session, await suspendOn(session, "b"), "null");
    }),
  );

  it(
    "that are terminated together let every run go on that waits for one of them [O18]",
    withSession(openStore, async (session) => {
      const registry = await openRegistry(session);
      const names = ["a", "b"];
      for (const name of names) await registerOperation(session, registry, name);
      const runs: RunId[] = [];
      for (const name of [...names, "a"]) runs.push(await suspendOn(session, name));
      const outcome = '{"kind":"terminated","reason":"over"}';

      const reply = as(await session.store.operations.terminate({ ...registry, outcome }), "terminated");

      expect(reply.wake.signal).toBe("wake");
      const resumed = new Set<RunId>();
      for (const _ of runs) {
        const batch = await session.stage();
        expect(batch.kept?.value).toBe(outcome);
        resumed.add(batch.fence.runId);
        await session.commit(batch);
      }
      expect([...resumed].sort()).toEqual([...runs].sort());
    }),
  );

  it(
    "let more runs go on than one step may, the rest as chores [O18]",
    withSession(openStore, async (session) => {
      const registry = await openRegistry(session);
      await registerOperation(session, registry, "a");
      for (let n = 0; n < 130; n += 1) await suspendOn(session, "a");

      await cancel(session, registry, "a");
      expect(await session.claim()).toEqual({ kind: "chores" });
      await session.settleChores();

      for (let n = 0; n < 130; n += 1) await session.commitOne();
      expect(await session.claim()).toMatchObject({ kind: "idle", isOwing: false });
    }),
    120_000,
  );
}

function describeLost(openStore: StoreFactory): void {
  it(
    "whose process is gone let a run go on although nobody asks for them [O18, O10]",
    withSession(openStore, async (session) => {
      const registry = await openRegistry(session);
      await registerOperation(session, registry, "a");
      const runId = await suspendOn(session, "a");
      expect(await session.dueAt()).toBeLessThanOrEqual(session.now() + OWNER_LEASE_MS);
      await session.advanceTime(OWNER_LEASE_MS);

      const { ledger } = session.store;
      expect(await session.claim()).toEqual({ kind: "chores" });
      expect(await ledger.inspectDue(session.ref)).toEqual({ kind: "chores" });
      const steps = await session.settleChores();

      expect(steps.flatMap(({ ended }) => ended)).toEqual([{ operationId: "a", nodes: [] }]);
      await expectResumed(session, runId, LOST);
    }),
  );

  it(
    "are looked after again and again while their process is heard of [O18]",
    withSession(openStore, async (session) => {
      const registry = await openRegistry(session);
      await registerOperation(session, registry, "a");
      await suspendOn(session, "a");
      await session.advanceTime(OWNER_LEASE_MS - 1_000);
      await session.store.operations.open({ ...registry, node: nodeId("first"), fromSlot: 0 });
      await session.advanceTime(1_000);

      await session.settleChores();

      expect(await session.store.operationArchive.find(session.ref, "a" as OperationId)).not.toBeNull();
      expect(await session.dueAt()).toBeGreaterThan(session.now() + OWNER_LEASE_MS - 10_000);
      expect(await session.claim()).toMatchObject({ kind: "idle", isOwing: false });
    }),
  );

  it(
    "stay until they are looked after when another process would strip them [O18]",
    withSession(openStore, async (session) => {
      const registry = await openRegistry(session);
      await registerOperation(session, registry, "a");
      const runId = await suspendOn(session, "a");
      await session.advanceTime(OWNER_LEASE_MS);
      const { operations, operationArchive } = session.store;

      await operations.open({ ...registry, node: nodeId("another"), fromSlot: 0 });
      const watch = { ...registry, operationId: "a" as OperationId, node: nodeId("another"), count: 1 };
      expect(await operations.watch(watch)).toMatchObject({ kind: "watching" });
      const steps = await session.settleChores();

      expect(steps.flatMap(({ ended }) => ended)).toEqual([{ operationId: "a", nodes: [nodeId("another")] }]);
      expect(await operationArchive.find(session.ref, "a" as OperationId)).toBeNull();
      await expectResumed(session, runId, LOST);
    }),
  );
}

function describeLeft(openStore: StoreFactory): void {
  it(
    "have nothing to say to a run that was answered before they ended [O18]",
    withSession(openStore, async (session) => {
      const registry = await openRegistry(session);
      await registerOperation(session, registry, "a");
      const runId = await suspendOn(session, "a");
      const { control } = session.store;
      await control.resume({ ref: session.ref, runId, requestId: session.ids.request(), value: '"answered"' });

      expect(as(await cancel(session, registry, "a"), "moved")).toMatchObject({ wake: { signal: "none" } });

      await expectResumed(session, runId, '"answered"');
      // Nobody waited for it any more, so the session is told as of any other.
      expect(await session.claim()).toMatchObject({ kind: "idle", isOwing: true });
    }),
  );

  it(
    "have nothing to say to a run that ended with its session's work [O18]",
    withSession(openStore, async (session) => {
      const registry = await openRegistry(session);
      await registerOperation(session, registry, "a");
      await suspendOn(session, "a");
      await session.apply("reset");
      await session.settleChores();
      expect(await session.dueAt()).toBeNull();

      expect(as(await cancel(session, registry, "a"), "moved").wake.signal).toBe("none");

      expect(await session.claim()).toMatchObject({ kind: "idle", isOwing: true });
    }),
  );
}

/** Runs an input that is suspended on an operation. */
async function suspendOn(session: SessionUnderTest, operationId: string): Promise<RunId> {
  await session.accept();
  const batch = await session.stage();
  await session.commit(batch, suspended({ on: { type: "operation", operationId } }));
  return batch.fence.runId;
}

function cancel(session: SessionUnderTest, registry: RegistryRef, name: string, requestId = session.ids.request()) {
  return moveOperation(session, registry, name, { action: "cancel", outcome: CANCELLED, requestId });
}

async function expectResumed(session: SessionUnderTest, runId: RunId, value: string): Promise<void> {
  const batch = await session.stage();
  expect(batch).toMatchObject({ fence: { runId }, kept: { value } });
  await session.commit(batch);
}
