/** A script that finds the marker of another, torn in the middle, changes nothing and says so. */
import type { RequestId } from "@holdfast/contracts";
import { binding, driveSession, type SessionDriver, sessionRef } from "@holdfast/testkit";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { openTimedStore, type TimedStore } from "./open-store.ts";

const ref = sessionRef("torn");
let opened: TimedStore;
let session: SessionDriver;

beforeAll(async () => {
  opened = await openTimedStore();
});

beforeEach(async () => {
  await opened.reset();
  session = driveSession(opened.store, ref);
  await session.register(binding());
});

afterAll(() => opened.close());

/** Leaves the session as a script does that could not finish. */
async function tear(): Promise<void> {
  await opened.client.hset(opened.store.keys.session(ref).session, "txn", "1");
}

function fields(): Promise<Record<string, Buffer>> {
  return opened.client.hgetallBuffer(opened.store.keys.session(ref).session);
}

it("is told to whoever admits, claims, advances or commands, and nothing is written (G10)", async () => {
  await session.admit();
  const batch = await session.stage();
  await tear();
  const before = await fields();

  const admitted = await session.admit();
  const claimed = await session.claim();
  const advanced = await session.advance(batch);
  const commanded = session.control("stop", "req_torn0001" as RequestId);

  await expect(commanded).rejects.toMatchObject({ code: "session.torn" });
  expect([admitted.kind, claimed.kind, advanced.kind]).toEqual(["torn", "torn", "torn"]);
  expect(await fields()).toEqual(before);
});

it("is told to the first sweep that finds it, and is not due any more", async () => {
  await session.admit();
  await tear();

  const due = await opened.store.ledger.inspectDue(ref);

  expect(due.kind).toBe("torn");
  expect(await session.dueAt()).toBeNull();
});

it("lets no hold renew and no step settle, so that the executor stops (G3)", async () => {
  await session.admit();
  const { fence } = await session.stage();
  await tear();
  const before = await fields();

  const [renewed] = await opened.store.ledger.renew([{ ref, claimId: fence.claimId }]);
  const settled = await opened.store.journal.settle({ ref, fence, index: 1, key: "step", value: "1" });

  expect([renewed?.kind, settled.kind]).toEqual(["lost", "fenced"]);
  expect(await fields()).toEqual(before);
});
