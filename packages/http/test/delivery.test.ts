import { describe, expect, it } from "vitest";
import { startHarness } from "./harness.ts";

const params = { sessionId: "chat/42" };

const submission = {
  deliveryId: "job/7",
  kind: "job_terminal",
  sourceId: "builder",
  sourceSequence: 1,
  lineageId: "turn-1",
  payload: "done",
};

const one = { ...params, deliveryId: submission.deliveryId };

describe("a delivery", () => {
  it("is committed once, before its session exists, and waits", async () => {
    const { call } = await startHarness();

    const first = await call("submitDelivery", { params, body: submission });
    const again = await call("submitDelivery", { params, body: submission });
    const pending = await call("listPendingDeliveries", { params });

    expect(first.body).toEqual({ sequence: 1, isDeduplicated: false });
    expect(again.body).toEqual({ sequence: 1, isDeduplicated: true });
    expect(pending.body).toMatchObject({ items: [{ submission, disposition: null }], applied: 0, committed: 1 });
  });

  it("is found by its id, and another under it is a conflict", async () => {
    const { call, refuse } = await startHarness();
    await call("submitDelivery", { params, body: submission });

    const { body } = await call("getDelivery", { params: one });

    expect(body).toMatchObject({ deliveryId: "job/7", sequence: 1, disposition: null });
    const other = { ...submission, payload: "other" };
    expect((await refuse("submitDelivery", "delivery.conflict", { params, body: other })).status).toBe(409);
    await refuse("getDelivery", "delivery.not_found", { params: { ...params, deliveryId: "job/8" } });
    await refuse("getDelivery", "id.invalid", { params: { ...params, deliveryId: " " } });
  });

  it("is applied in sequence only, and as it was first", async () => {
    const { call, refuse } = await startHarness();
    await call("submitDelivery", { params, body: submission });
    await call("submitDelivery", { params, body: { ...submission, deliveryId: "job/8", sourceSequence: 2 } });
    const second = { ...params, deliveryId: "job/8" };

    const early = await refuse("markDeliveryApplied", "delivery.out_of_order", { params: second });
    const refusal = { kind: "refused", code: "not.wanted" };
    const applied = await call("markDeliveryApplied", { params: one, body: { disposition: refusal } });
    const again = await call("markDeliveryApplied", { params: one });

    expect(early.body.details).toMatchObject({ expected: 1, actual: 2 });
    expect([applied.body, again.body]).toEqual([{ sequence: 1 }, { sequence: 1 }]);
    expect((await call("getDelivery", { params: one })).body.disposition).toEqual(refusal);
  });

  it.each([{}, null, { ...submission, sourceSequence: 0 }, { ...submission, surprise: 1 }])(
    "like %j is refused",
    async (body) => {
      const { refuse } = await startHarness();

      await refuse("submitDelivery", "delivery.invalid", { params, body });
    },
  );
});
