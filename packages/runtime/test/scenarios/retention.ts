/** What a session has let go of, and how whoever asks for it is told. */
import { type BoundaryRef, MIN_KEPT } from "@holdfast/contracts";
import { expect, it } from "vitest";
import { recording } from "../support/executors.ts";
import { rejection } from "../support/rejection.ts";
import { send } from "../support/send.ts";
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
}
