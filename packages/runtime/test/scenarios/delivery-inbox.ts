/** Messages that must reach a session exactly once and in order (`Deliveries`, D61 to D65). */
import type { DeliveryId, NewDelivery, SessionRef } from "@holdfast/contracts";
import { createIds } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import { holding, recording } from "../support/executors.ts";
import { rejection } from "../support/rejection.ts";
import type { TestProcess } from "../support/world.ts";
import type { OpenStage, Stage } from "./stage.ts";

/** What may be wrong with a stored inbox of two deliveries, the first of them applied. */
export const INBOX_DAMAGES = [
  "a row is gone",
  "more was applied than committed",
  "more is committed than there are rows",
  "a row under another number",
  "a source sequence of zero",
  "no authority",
] as const;

/** See {@link INBOX_DAMAGES}. */
export type InboxDamage = (typeof INBOX_DAMAGES)[number];

/** Damages the stored inbox of a session of the stage that was opened last. */
export type DamageInbox = (ref: SessionRef, damage: InboxDamage) => Promise<void>;

const ids = createIds();

function delivery(deliveryId: string, more: Partial<NewDelivery> = {}): NewDelivery {
  return {
    deliveryId,
    kind: "job_terminal",
    sourceId: "job/7",
    sourceSequence: 1,
    lineageId: "chat/42#1",
    payload: `${deliveryId} is done`,
    ...more,
  };
}

/** Submits, and lets the drain end that each submission begins. */
async function submitAll({ sender, ref, world }: Stage, ...deliveryIds: readonly string[]): Promise<void> {
  for (const id of deliveryIds) await sender.runtime.submitDelivery(ref, delivery(id));
  await world.settle();
}

function find({ sender, ref }: Stage, deliveryId: string) {
  return sender.runtime.deliveryState(ref, deliveryId as DeliveryId);
}

function mark({ runtime }: TestProcess, ref: SessionRef, deliveryId: string) {
  return runtime.markDeliveryApplied(ref, deliveryId as DeliveryId);
}

/** What the inputs of a session say, in the order of admission. */
async function bodies({ sender, ref }: Stage): Promise<unknown[]> {
  const { items } = await sender.runtime.listInputs(ref, { after: 0, limit: 100 });
  return items.map(({ input }) => {
    return input.kind === "external_event" ? (input.payload as { body: string }).body : input.kind;
  });
}

/** The scenarios of the delivery inbox. */
export function describeDeliveryInbox(openStage: OpenStage, damageInbox: DamageInbox): void {
  describe("a delivery", () => {
    it("INB-01 is committed once: a repeat has its sequence, is flagged, and leaves one row", async () => {
      const stage = await openStage();
      const { sender, ref } = stage;
      const first = await sender.runtime.submitDelivery(ref, delivery("a"));

      const again = await sender.runtime.submitDelivery(ref, delivery("a"));

      expect([first, again]).toEqual([
        { sequence: 1, isDeduplicated: false },
        { sequence: 1, isDeduplicated: true },
      ]);
      expect(await sender.runtime.pendingDeliveries(ref)).toMatchObject({ items: [{ sequence: 1 }], committed: 1 });
    });

    it.each([
      ["payload", { payload: "another" }],
      ["kind", { kind: "job_notification" }],
      ["source", { sourceId: "job/8" }],
      ["source sequence", { sourceSequence: 2 }],
      ["lineage", { lineageId: "chat/42#2" }],
    ] as const)(
      "INB-02 is refused when its id stands for another %s, before and after it was applied",
      async (_, other) => {
        const stage = await openStage();
        const { sender, ref } = stage;
        await submitAll(stage, "a");

        const before = await rejection(sender.runtime.submitDelivery(ref, delivery("a", other)));
        await mark(sender, ref, "a");
        const after = await rejection(sender.runtime.submitDelivery(ref, delivery("a", other)));

        expect([before, after]).toMatchObject([{ code: "delivery.conflict" }, { code: "delivery.conflict" }]);
        expect(await find(stage, "a")).toMatchObject({ submission: delivery("a") });
      },
    );

    it("INB-03 is applied in its turn: out of it it is refused with expected and actual, in it once", async () => {
      const stage = await openStage();
      const { sender, ref } = stage;
      await submitAll(stage, "a", "b");

      const early = await rejection(mark(sender, ref, "b"));
      const applied = [await mark(sender, ref, "a"), await mark(sender, ref, "a"), await mark(sender, ref, "b")];

      expect(early).toMatchObject({ code: "delivery.out_of_order", details: { expected: 1, actual: 2 } });
      expect(applied).toEqual([{ sequence: 1 }, { sequence: 1 }, { sequence: 2 }]);
      expect(await sender.runtime.pendingDeliveries(ref)).toEqual({ items: [], applied: 2, committed: 2 });
      expect(await rejection(mark(sender, ref, "x"))).toMatchObject({ code: "delivery.not_found" });
    });

    it("INB-04 has one row and one sequence however many processes submit it at once", async () => {
      const stage = await openStage();
      const other = await stage.process("other");
      const calls = Array.from({ length: 20 }, (_, n) => {
        return (n % 2 === 0 ? stage.sender : other).runtime.submitDelivery(stage.ref, delivery("a"));
      });

      const answers = await Promise.all(calls);

      expect(new Set(answers.map(({ sequence }) => sequence))).toEqual(new Set([1]));
      expect(answers.filter(({ isDeduplicated }) => !isDeduplicated)).toHaveLength(1);
      expect(await stage.sender.runtime.pendingDeliveries(stage.ref)).toMatchObject({ committed: 1 });
    });

    it("INB-09 without an id, a payload, a source or a count from one is refused, and nothing is kept", async () => {
      const stage = await openStage();
      const wrong: readonly Partial<Record<keyof NewDelivery, unknown>>[] = [
        { payload: "" },
        { deliveryId: "" },
        { deliveryId: " \t" },
        { sourceId: " " },
        { lineageId: "" },
        { sourceSequence: 0 },
        { sourceSequence: 1.5 },
        { kind: "job" },
      ];

      for (const more of wrong) {
        const submission = { ...delivery("a"), ...more } as NewDelivery;
        const error = await rejection(stage.sender.runtime.submitDelivery(stage.ref, submission));
        expect({ more, error }).toMatchObject({ more, error: { code: "delivery.invalid" } });
      }

      expect(await stage.sender.runtime.pendingDeliveries(stage.ref)).toMatchObject({ committed: 0 });
    });
  });

  describe("an inbox", () => {
    it.each(INBOX_DAMAGES)(
      "INB-05 that contradicts itself is corrupt, and is left as it is: %s (D64)",
      async (damage) => {
        const stage = await openStage();
        const { sender, ref } = stage;
        await submitAll(stage, "a", "b");
        await mark(sender, ref, "a");
        await damageInbox(ref, damage);

        const answers = await Promise.all([
          rejection(sender.runtime.pendingDeliveries(ref)),
          rejection(sender.runtime.drainDeliveries(ref)),
        ]);
        const again = await rejection(sender.runtime.pendingDeliveries(ref));

        expect([...answers, again]).toMatchObject(Array.from({ length: 3 }, () => ({ code: "store.corrupt" })));
      },
    );

    it("INB-06 is the same after a restart of every process: identity, sequence and cursor", async () => {
      const stage = await openStage();
      await submitAll(stage, "a", "b", "c");
      await mark(stage.sender, stage.ref, "a");
      const before = await stage.sender.runtime.pendingDeliveries(stage.ref);
      stage.sender.kill();

      const { runtime } = await stage.process("successor");

      expect(await runtime.pendingDeliveries(stage.ref)).toEqual(before);
      expect(before).toMatchObject({ applied: 1, committed: 3, items: [{ sequence: 2 }, { sequence: 3 }] });
      expect(await runtime.submitDelivery(stage.ref, delivery("b"))).toEqual({ sequence: 2, isDeduplicated: true });
      expect(await runtime.submitDelivery(stage.ref, delivery("d"))).toMatchObject({ sequence: 4 });
    });

    it("waits for its session, and is then applied in order by a worker, each delivery once (D63, D65)", async () => {
      const stage = await openStage();
      await stage.worker("worker", recording());
      await submitAll(stage, "a", "b", "c");
      await stage.world.advance(60_000);
      const waiting = await stage.sender.runtime.pendingDeliveries(stage.ref);

      await stage.bind();
      await stage.world.advance(5_000);

      expect(waiting).toMatchObject({ applied: 0, committed: 3 });
      expect(await stage.sender.runtime.pendingDeliveries(stage.ref)).toMatchObject({ applied: 3, items: [] });
      expect(await bodies(stage)).toEqual(["a is done", "b is done", "c is done"]);
      const { items } = await stage.sender.runtime.listInputs(stage.ref, { after: 0, limit: 10 });
      expect(items.map(({ status }) => status)).toEqual(["consumed", "consumed", "consumed"]);
      const disposition = { kind: "admitted", inputId: items[1]?.inputId };
      expect(await find(stage, "b")).toMatchObject({ sequence: 2, disposition });
    });

    it("is applied by another process when the one that submitted dies at once (D65)", async () => {
      const stage = await openStage();
      await stage.bind();
      const producer = await stage.process("producer");
      const submitted = producer.runtime.submitDelivery(stage.ref, delivery("a"));
      await submitted;
      producer.kill();
      await stage.worker("worker", recording());

      await stage.world.advance(5_000);

      expect(await bodies(stage)).toEqual(["a is done"]);
      expect(await stage.sender.runtime.pendingDeliveries(stage.ref)).toMatchObject({ applied: 1, committed: 1 });
    });

    it("is drained by several processes at once without a second input (D63)", async () => {
      const stage = await openStage();
      const other = await stage.process("other");
      await submitAll(stage, "a", "b", "c", "d");
      await stage.register();

      const reports = await Promise.all([
        stage.sender.runtime.drainDeliveries(stage.ref),
        other.runtime.drainDeliveries(stage.ref),
      ]);

      expect(await bodies(stage)).toEqual(["a is done", "b is done", "c is done", "d is done"]);
      expect(reports.map(({ pending }) => pending)).toEqual([0, 0]);
      expect(reports[0].applied + reports[1].applied).toBe(4);
    });
  });

  describe("a drain", () => {
    it("INB-08 acknowledges what the session will not take with the reason, and goes on", async () => {
      const stage = await openStage();
      const { sender, ref } = stage;
      await stage.bind();
      const asked = await sender.runtime.acceptInputWithCompletion(ref, { kind: "prompt", text: "start the job" });
      await sender.runtime.control(ref, { verb: "stop", requestId: ids.request() });
      const waiter = await asked.completion;

      await submitAll(stage, "a", "b");
      const report = await sender.runtime.drainDeliveries(ref);

      expect(waiter).toMatchObject({ kind: "abandoned", reason: "stopped" });
      expect(report).toMatchObject({ pending: 0, waitsFor: null });
      for (const id of ["a", "b"]) {
        expect(await find(stage, id)).toMatchObject({
          disposition: { kind: "refused", code: "session.not_accepting" },
        });
      }
    });

    it("INB-08 goes past a delivery whose key is another input's, and applies the next (D63)", async () => {
      const stage = await openStage();
      const { sender, ref } = stage;
      await stage.register();
      await sender.runtime.acceptInput(ref, { kind: "prompt", text: "mine", idempotencyKey: "a" });

      await submitAll(stage, "a", "b");
      await sender.runtime.drainDeliveries(ref);

      expect(await find(stage, "a")).toMatchObject({ disposition: { kind: "refused", code: "idempotency.mismatch" } });
      expect(await find(stage, "b")).toMatchObject({ disposition: { kind: "admitted" } });
      expect(await bodies(stage)).toEqual(["prompt", "b is done"]);
    });

    it("of an unregistered session waits, and goes on when it is registered again", async () => {
      const stage = await openStage();
      const { sender, ref, world } = stage;
      await stage.bind();
      const unregistering = sender.runtime.unregisterSession(ref);
      await world.advance(60_000);
      await unregistering;
      await submitAll(stage, "a");
      const waiting = await sender.runtime.drainDeliveries(ref);
      await stage.worker("worker", recording());

      await stage.bind();
      await world.advance(2_000);

      expect(waiting).toMatchObject({ pending: 1, waitsFor: "session" });
      expect(await find(stage, "a")).toMatchObject({ disposition: { kind: "admitted" } });
    });

    it("of a session on its way out waits for it, too: it may come back (D65)", async () => {
      const stage = await openStage();
      const { sender, ref, world } = stage;
      await stage.bind();
      const host = holding();
      await stage.worker("worker", host.executor);
      await sender.runtime.acceptInput(ref, { kind: "prompt", text: "in progress" });
      await world.advance(2_000);
      const unregistering = sender.runtime.unregisterSession(ref);
      await world.advance(200);
      await submitAll(stage, "a");

      const report = await sender.runtime.drainDeliveries(ref);
      host.last().answer();
      await world.advance(5_000);
      await unregistering;
      await stage.bind();
      await world.advance(5_000);

      expect(report).toMatchObject({ applied: 0, pending: 1, waitsFor: "session" });
      expect(await find(stage, "a")).toMatchObject({ disposition: { kind: "admitted" } });
    });

    it("of a destroyed session acknowledges everything; what comes later is acknowledged, too", async () => {
      const stage = await openStage();
      const { sender, ref } = stage;
      await submitAll(stage, "a");
      await stage.register();
      await sender.runtime.control(ref, { verb: "destroy", requestId: ids.request() });

      await sender.runtime.drainDeliveries(ref);
      await submitAll(stage, "late");
      const report = await sender.runtime.drainDeliveries(ref);

      expect(report).toMatchObject({ pending: 0 });
      for (const id of ["a", "late"]) {
        expect(await find(stage, id)).toMatchObject({ disposition: { kind: "refused", code: "session.destroyed" } });
      }
    });

    it("finds what it admitted before it died, and admits it no second time (D63)", async () => {
      const stage = await openStage();
      const { sender, ref } = stage;
      await submitAll(stage, "a");
      await stage.register();
      const dying = await stage.process("dying", {
        wrap: (store) => ({
          ...store,
          deliveries: { ...store.deliveries, markApplied: () => new Promise(() => {}) },
        }),
      });
      void dying.runtime.drainDeliveries(ref);
      await stage.world.settle();
      dying.kill();

      await sender.runtime.drainDeliveries(ref);

      expect(await bodies(stage)).toEqual(["a is done"]);
      expect(await find(stage, "a")).toMatchObject({ disposition: { kind: "collapsed", status: "queued" } });
    });
  });
}
