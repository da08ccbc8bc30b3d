/** What a session has let go of, and how whoever asks for it is told. */
import { type BoundaryRef, MIN_KEPT, MIN_KEPT_BYTES } from "@holdfast/contracts";
import { binding, sessionRef } from "@holdfast/testkit";
import { expect, it } from "vitest";
import { recording } from "../support/executors.ts";
import { rejection } from "../support/rejection.ts";
import { keyed, send } from "../support/send.ts";
import type { OpenStage } from "./stage.ts";

const RETENTION = { retention: { keepInputs: MIN_KEPT, keepEvents: MIN_KEPT } };

/** What every store lets go of. */
export function describeRetained(openStage: OpenStage): void {
  it("tells receipts that were let go from those that never were, and misses nothing else [G14, G4]", async () => {
    const stage = await openStage(RETENTION);
    const { world, ref } = stage;
    const { runtime } = stage.sender;
    await stage.bind();
    await stage.worker("worker", recording());
    const unknown: BoundaryRef = { runId: "run_unknown00" as BoundaryRef["runId"], sequence: 1 };
    await send(stage.sender, ref, "first");
    await world.advance(1_000);
    const [first] = (await runtime.listReceipts(ref, { after: 0, limit: 1 })).items;
    expect(await runtime.loadBoundaryReceipt(ref, unknown)).toBeNull();

    for (let count = 0; count < 2 * MIN_KEPT; count += 1) {
      await send(stage.sender, ref, "more");
      await world.advance(10);
    }
    await world.advance(5_000);

    const [kept] = (await runtime.listReceipts(ref, { after: 0, limit: 1 })).items;
    const keptFrom = kept?.position ?? 0;
    expect(keptFrom).toBeGreaterThan(1);
    expect(await rejection(runtime.loadBoundaryReceipt(ref, first as BoundaryRef))).toMatchObject({
      code: "receipt.expired",
      details: { keptFrom },
    });
    expect(await runtime.loadBoundaryReceipt(ref, kept as BoundaryRef)).toEqual(kept);
    const verification = await runtime.verifySession(ref);
    expect(verification).toMatchObject({ isSound: true, faults: [] });
    expect(verification.expired.receipts).toBe(keptFrom - 1);
    expect(verification.receipts + verification.expired.receipts).toBe(2 * MIN_KEPT + 1);
    expect(verification.inputs + verification.expired.inputs).toBe(2 * MIN_KEPT + 1);
  });

  it("reaches a session at rest by its age, and leaves it alone once nothing of it is left [D59, G14]", async () => {
    const stage = await openStage({ retention: { keepMs: 60_000 } });
    const { world, ref } = stage;
    const { runtime } = stage.sender;
    await stage.bind();
    await stage.worker("worker", recording());
    const sent = await send(stage.sender, ref, keyed("key"));
    await world.advance(50_000);
    expect(await runtime.inputState(ref, { key: "key" })).toMatchObject({ status: "consumed" });

    await world.advance(15_000);

    expect(await world.store.archive.findInput(ref, sent.inputId)).toBeNull();
    expect((await runtime.listEvents(ref, { after: 0, limit: 10 })).items).toEqual([]);
    expect(await runtime.sessionState(ref)).toMatchObject({ state: ["hello"] });
    expect((await runtime.verifySession(ref)).faults).toEqual([]);
    await world.advance(120_000);
    expect(await world.store.ledger.sweep(10)).toEqual([]);
    expect(await runtime.acceptInput(ref, keyed("key"))).toMatchObject({ kind: "accepted" });
  });

  it("lets go of the oldest that have no room in bytes, and of nothing before [D60, G14]", async () => {
    const stage = await openStage();
    const { world, ref } = stage;
    const { runtime } = stage.sender;
    const retention = { keepBytes: MIN_KEPT_BYTES };
    await runtime.registerSession(ref, { settings: { silentIntents: [], retention } });
    await stage.bind();
    await stage.worker("worker", recording());
    const sendBig = async () => {
      const sent = await send(stage.sender, ref, "x".repeat(4_000));
      await world.advance(10);
      return sent;
    };
    const first = await sendBig();
    for (let count = 1; count < MIN_KEPT; count += 1) await sendBig();
    await world.advance(65_000);
    expect(await world.store.archive.findInput(ref, first.inputId)).not.toBeNull();

    for (let count = 0; count < MIN_KEPT; count += 1) await sendBig();
    await world.advance(65_000);

    expect(await world.store.archive.findInput(ref, first.inputId)).toBeNull();
    const { items } = await world.store.archive.listInputs(ref, { after: 0, limit: 500 });
    expect(items.length).toBeGreaterThanOrEqual(MIN_KEPT);
    expect(items.length).toBeLessThanOrEqual(MIN_KEPT_BYTES / 4_000);
    expect((await runtime.verifySession(ref)).faults).toEqual([]);
  });

  it("goes by a session's own settings, where they keep less [D59, G14]", async () => {
    const stage = await openStage();
    const { world, ref } = stage;
    const { runtime } = stage.sender;
    await runtime.registerSession(ref, { settings: { silentIntents: [], retention: { keepMs: 60_000 } } });
    await stage.bind();
    await stage.worker("worker", recording());
    const other = sessionRef("chat/43");
    await runtime.ensureSessionWithExecutor(other, binding());
    const [short, long] = [await send(stage.sender, ref, "hello"), await send(stage.sender, other, "hello")];

    await world.advance(65_000);

    expect(await world.store.archive.findInput(ref, short.inputId)).toBeNull();
    expect(await world.store.archive.findInput(other, long.inputId)).not.toBeNull();
  });
}
