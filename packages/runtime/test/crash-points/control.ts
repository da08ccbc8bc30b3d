import { createIds, strikeAt } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import { rejection } from "../support/rejection.ts";
import { type Cast, type OpenCrashPointStore, openScene, type Scene } from "./scene.ts";

const requestId = createIds().request();
const STOP = { verb: "stop", requestId } as const;

/** Crash point 24: a control verb during a turn. */
export function describeControlVerbs(openStore: OpenCrashPointStore): void {
  describe("a control verb during a turn", () => {
    it("ends every input and fences the commit, whoever hears of it (crash point 24)", async () => {
      const scene = await openScene(openStore);
      const worker = await withTurn(scene);
      scene.world.notices.setDrop(() => true);

      const report = await scene.sender.runtime.control(scene.ref, STOP);
      const image = await scene.store.image(scene.ref);
      worker.door.open();
      await scene.world.settle();

      expect(report).toMatchObject({ phaseAfter: "stopped", inputsAbandoned: 2, abortedRunId: runOf(scene) });
      expect(worker.tape.advances).toMatchObject([
        { command: { settlement: { kind: "completed" } }, reply: { kind: "fenced" } },
      ]);
      expect(await scene.store.image(scene.ref)).toEqual(image);
      expect(await scene.receipts()).toEqual([]);
      await scene.expectWhole({ one: "abandoned", two: "abandoned" });
    });

    it("aborts the turn wherever it runs (crash point 24)", async () => {
      const scene = await openScene(openStore);
      const worker = await withTurn(scene);

      await scene.sender.runtime.control(scene.ref, STOP);
      await scene.world.settle();

      expect(scene.turns[0]?.turn.signal.aborted).toBe(true);
      worker.door.open();
      await scene.world.settle();
      expect(worker.tape.advances).toMatchObject([{ reply: { kind: "fenced" } }]);
      await scene.expectWhole({ one: "abandoned", two: "abandoned" });
    });

    it("whose reply is lost reports under its request id what it did then (crash point 24)", async () => {
      const scene = await openScene(openStore);
      const worker = await withTurn(scene);
      const { runtime } = await scene.client("operator", {
        fault: () => strikeAt("control.after_apply_before_reply", [1]),
      });

      const error = await rejection(runtime.control(scene.ref, STOP));
      const report = await runtime.control(scene.ref, STOP);

      expect(error).toMatchObject({ code: "store.unavailable" });
      expect(report).toMatchObject({ phaseBefore: "idle", phaseAfter: "stopped", inputsAbandoned: 2 });
      expect(await runtime.control(scene.ref, STOP)).toEqual(report);
      worker.door.open();
      await scene.world.settle();
      await scene.expectWhole({ one: "abandoned", two: "abandoned" });
    });

    it("is finished by a sweep when its operator dies over it; readers see it done at once (crash point 24)", async () => {
      const scene = await openScene(openStore);
      const worker = await withTurn(scene);
      const { runtime } = await scene.client("operator", {
        fault: ({ die }) => strikeAt("control.after_apply_before_reply", [1], "hang", die),
      });
      void runtime.control(scene.ref, STOP);
      await scene.world.settle();

      const standing = await scene.standing();
      worker.door.open();
      await scene.world.advance(scene.world.timing.sweepPollMs);

      expect(standing).toMatchObject({ inputs: ["abandoned", "abandoned"], run: null, dueMs: 0 });
      expect(worker.calls.settleChores).toBeGreaterThan(0);
      expect(await scene.standing()).toMatchObject({ dueMs: null });
      await scene.expectWhole({ one: "abandoned", two: "abandoned" });
    });
  });
}

/** A worker in the middle of a turn, with an input behind it. */
async function withTurn(scene: Scene): Promise<Cast> {
  const worker = await scene.worker("a");
  worker.door.close();
  await scene.send("one");
  await scene.send("two");
  await scene.world.settle();
  return worker;
}

function runOf({ turns }: Scene): string | undefined {
  return turns[0]?.turn.runId;
}
