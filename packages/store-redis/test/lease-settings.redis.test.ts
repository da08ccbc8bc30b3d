/** Processes of one store may have leases of different lengths: while a new setting is rolled out, they have. */
import { leaseTiming } from "@holdfast/contracts";
import { binding, createIds, driveSession, sessionRef, worker } from "@holdfast/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freshNamespace, openTimedStore, type TimedStore } from "./open-store.ts";

const ref = sessionRef("leased");
const namespace = freshNamespace();
let long: TimedStore;
let short: TimedStore;

beforeAll(async () => {
  long = await openTimedStore({ namespace, timing: leaseTiming(60_000) });
  short = await openTimedStore({ namespace, timing: leaseTiming(1_000) });
});

afterAll(async () => {
  await long.close();
  await short.close();
});

it("leaves a session to a holder whose lease is longer than one's own (G2)", async () => {
  const ids = createIds();
  const holder = driveSession(long.store, ref, ids);
  const other = driveSession(short.store, ref, ids);
  await holder.register(binding());
  await holder.admit();
  const batch = await holder.stage();

  const admitted = await other.accept();
  const claimed = await other.claim({ as: worker("other") });
  const due = await short.store.ledger.inspectDue(ref);
  const recycled = await other.control("recycle");
  await long.store.ledger.renew([{ ref, claimId: batch.fence.claimId }]);
  const claimedAgain = await other.claim({ as: worker("other") });

  expect(admitted.column).toBe("live");
  expect([claimed.kind, claimedAgain.kind]).toEqual(["busy", "busy"]);
  expect(due).toEqual({ kind: "nothing" });
  expect(recycled).toMatchObject({ kind: "refused", isBusy: true });
});
