/** One key, one input. */
import { AppError, type NewInput } from "@holdfast/contracts";
import { prompt } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import { withLedger } from "../support/calls.ts";
import { executor, holding, recording } from "../support/executors.ts";
import { rejection } from "../support/rejection.ts";
import { keyed, send } from "../support/send.ts";
import type { OpenStage, Stage } from "./stage.ts";

const ALL = { after: 0, limit: 100 };

/** Proves the scenarios of deduplication on a store. */
export function describeDedupe(openStage: OpenStage): void {
  async function bound(): Promise<Stage> {
    const stage = await openStage();
    await stage.bind();
    return stage;
  }

  async function countOf({ sender, ref }: Stage): Promise<number> {
    return (await sender.runtime.listInputs(ref, ALL)).items.length;
  }

  describe("a repeated key", () => {
    it("DED-01 is answered with the input that has it, and leaves an event and no second record", async () => {
      const stage = await bound();
      const { sender, ref } = stage;
      const first = await sender.runtime.acceptInput(ref, keyed("k"));
      const existingId = first.kind === "accepted" ? first.inputId : null;

      const again = await sender.runtime.acceptInput(ref, { ...keyed("k"), id: "inp_another00001" } as NewInput);

      expect(again).toMatchObject({ kind: "deduplicated", existingId, inputId: "inp_another00001", status: "queued" });
      expect(await countOf(stage)).toBe(1);
      const { items } = await sender.runtime.listEvents(ref, ALL);
      const event = { type: "input.deduplicated", inputId: "inp_another00001", existingId };
      expect(items.filter(({ event: { type } }) => type === "input.deduplicated")).toMatchObject([{ event }]);
    });

    it("DED-03 of an input that has ended is answered with how it ended, and keeps nobody waiting", async () => {
      const stage = await bound();
      const { sender, ref, world } = stage;
      await stage.worker("worker", recording());
      const first = await send(sender, ref, keyed("k", "one"));
      await world.settle();

      const { admission, completion } = await sender.runtime.acceptInputWithCompletion(ref, keyed("k", "one"));

      expect(admission).toMatchObject({ kind: "deduplicated", existingId: first.inputId, status: "consumed" });
      expect(await completion).toEqual(await first.completion);
      expect(await completion).toMatchObject({ kind: "completed", output: "one" });
    });

    it("DED-04 of an input in execution waits for the same result as the first", async () => {
      const stage = await bound();
      const { sender, ref, world } = stage;
      const host = holding();
      await stage.worker("worker", host.executor);
      const first = await send(sender, ref, keyed("k"));
      await world.settle();

      const elsewhere = await stage.process("elsewhere");
      const { admission, completion } = await elsewhere.runtime.acceptInputWithCompletion(ref, keyed("k"));
      host.last().answer({ kind: "completed", output: "done" });
      await world.settle();

      expect(admission).toMatchObject({ kind: "deduplicated", existingId: first.inputId, status: "staged" });
      expect(await completion).toMatchObject({ kind: "completed", output: "done" });
      expect(await completion).toEqual(await first.completion);
      expect(host.turns).toHaveLength(1);
    });

    it("DED-05 is known after a restart, whether its input still waits or has ended", async () => {
      const stage = await bound();
      const { sender, ref, world } = stage;
      const worker = await stage.worker(
        "worker",
        executor(() => ({ kind: "completed" })),
      );
      const ended = await send(sender, ref, keyed("ended"));
      await world.settle();
      worker.kill();
      const waits = await send(sender, ref, keyed("waits"));
      sender.kill();
      const restarted = await stage.process("restarted");

      for (const [key, { inputId }] of [
        ["ended", ended],
        ["waits", waits],
      ] as const) {
        expect(await restarted.runtime.acceptInput(ref, keyed(key))).toMatchObject({
          kind: "deduplicated",
          existingId: inputId,
        });
      }
      expect((await restarted.runtime.listInputs(ref, ALL)).items).toHaveLength(2);
    });
  });

  describe("a key whose admission failed", () => {
    it("DED-06 is free: the same key is accepted as new, and nothing of the first attempt is there", async () => {
      const stage = await bound();
      const { ref, sender } = stage;
      let failures = 1;
      const refusing = withLedger((ledger) => ({
        admit: (command) => {
          failures -= 1;
          if (failures >= 0) throw new AppError("store.unavailable");
          return ledger.admit(command);
        },
      }));
      const flaky = await stage.process("flaky", { wrap: refusing });

      expect(await rejection(flaky.runtime.acceptInput(ref, keyed("k")))).toMatchObject({ code: "store.unavailable" });
      expect(await sender.runtime.inputState(ref, { key: "k" })).toBeNull();
      expect(await sender.runtime.findSession(ref)).toMatchObject({ admitted: 0, queued: 0, cursor: 1 });

      expect(await flaky.runtime.acceptInput(ref, keyed("k"))).toMatchObject({ kind: "accepted", admission: 1 });
      expect(await countOf(stage)).toBe(1);
    });

    it("DED-06 is free also when its first input was refused", async () => {
      const stage = await bound();
      const { ref, sender } = stage;
      const refused = { ...keyed("k"), durability: "derived" } as NewInput;

      expect(await sender.runtime.acceptInput(ref, refused)).toMatchObject({ kind: "rejected" });

      expect(
        await sender.runtime.acceptInput(ref, { ...prompt("other"), idempotencyKey: "k" } as NewInput),
      ).toMatchObject({ kind: "accepted" });
    });
  });
}
