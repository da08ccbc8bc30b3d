import { type FaultPoint, strikeAt } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import { Door, withLedger } from "../support/calls.ts";
import { type OpenCrashPointStore, openScene } from "./scene.ts";

const COMPLETED = "completed_without_result";

/** Crash points 11, 12 and 14: a commit, and what the same call stages or lets go. */
export function describeSettlements(openStore: OpenCrashPointStore): void {
  describe("a commit", () => {
    it("whose reply is lost answers its repeat with the same next batch, and stages nothing new (crash point 11)", async () => {
      const scene = await openScene(openStore);
      const worker = await scene.worker("a", { fault: () => strikeAt("advance.after_apply_before_reply", [1]) });
      worker.door.close();
      for (const text of ["one", "two", "three"]) await scene.send(text);
      await scene.world.settle();
      worker.door.open();
      await scene.world.settle();
      worker.door.close();
      const applied = worker.tape.advances[0];
      if (applied?.reply.kind !== "committed" || applied.reply.next.kind !== "staged") throw new Error("not staged");
      const { batch } = applied.reply.next;
      const image = await scene.store.image(scene.ref);

      const repeat = await scene.world.store.ledger.advance(applied.command);
      const imageAfter = await scene.store.image(scene.ref);
      const begun = await scene.turnsWithin(100);

      // Run id, token and payloads are in the batch.
      expect(repeat).toMatchObject({ kind: "committed", isRepeat: true, position: 1, next: { kind: "staged", batch } });
      expect(imageAfter).toEqual(image);
      expect(begun).toEqual(["a:two#1"]);
      expect(worker.tape.advances[1]).toEqual({ command: applied.command, reply: repeat });
      worker.door.open();
      expect(await scene.turnsWithin(0)).toEqual(["a:three#1"]);
      const tokens = scene.turns.map(({ turn }) => turn.fence.token - (scene.turns[0]?.turn.fence.token ?? 0));
      expect(tokens).toEqual([0, 1, 2]);
      await scene.expectWhole({ one: COMPLETED, two: COMPLETED, three: COMPLETED });
    });

    it("whose worker dies before the reply stands; only what it staged waits for the lease (crash point 12)", async () => {
      const scene = await openScene(openStore);
      const worker = await scene.worker("a", {
        fault: ({ die }) => strikeAt("advance.after_apply_before_reply", [1], "hang", die),
      });
      worker.door.close();
      await scene.worker("b");
      await scene.send("one");
      await scene.send("two");
      await scene.world.settle();
      worker.door.open();
      await scene.world.settle();
      const receipts = await scene.receipts();

      expect(await scene.standing()).toEqual({
        inputs: ["consumed", "staged"],
        run: { attempt: 1, leaseMs: 10_000 },
        dueMs: 11_000,
        position: 1,
      });
      expect(await scene.turnsWithin(scene.deadHolderMs)).toEqual(["b:two#2"]);
      expect((await scene.receipts())[0]).toEqual(receipts[0]);
      expect(scene.turns.map(({ texts }) => texts)).toEqual(["one", "two"]);
      await scene.expectWhole({ one: COMPLETED, two: COMPLETED });
    });

    it.each<FaultPoint>(["advance.after_apply_before_reply", "advance.after_reply"])(
      "that leaves nothing lets go in the same call: a worker that dies then holds nothing (%s, crash point 12)",
      async (point) => {
        const scene = await openScene(openStore);
        await scene.worker("a", { fault: ({ die }) => strikeAt(point, [1], "hang", die) });
        await scene.worker("b");
        await scene.send("one");
        await scene.world.settle();

        expect(await scene.standing()).toEqual({ inputs: ["consumed"], run: null, dueMs: null, position: 1 });
        await scene.send("two");
        expect(await scene.turnsWithin(scene.world.timing.warmClaimMs)).toEqual(["b:two#1"]);
        await scene.expectWhole({ one: COMPLETED, two: COMPLETED });
      },
    );

    it("sees an input that is admitted just before it, and the same worker goes on (crash point 14)", async () => {
      const scene = await openScene(openStore);
      const underway = new Door();
      underway.close();
      const wrap = withLedger((ledger) => ({
        advance: async (command) => {
          await underway.pass();
          return ledger.advance(command);
        },
      }));
      const worker = await scene.worker("a", { wrap });
      await scene.send("one");
      await scene.world.settle();

      await scene.send("two");
      const waiting = scene.world.wakes.waiting();
      underway.open();

      expect(await scene.turnsWithin(0)).toEqual(["a:two#1"]);
      expect(waiting).toBe(0);
      expect(worker.calls.claim).toBe(1);
      expect(worker.tape.advances).toMatchObject([
        { reply: { next: { kind: "staged" } } },
        { reply: { next: { kind: "idle" } } },
      ]);
      await scene.expectWhole({ one: COMPLETED, two: COMPLETED });
    });
  });
}
