import { type FaultPoint, strikeAt } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import { rejection } from "../support/rejection.ts";
import { keyed } from "../support/send.ts";
import { type OpenCrashPointStore, openScene, type Scene } from "./scene.ts";

/** An input that is in the ledger and that nobody was told of. */
const UNTOLD = { inputs: ["queued"], run: null, dueMs: 1_500, position: 0 };

/** Crash points 1 to 4: an input on its way in. */
export function describeAdmission(openStore: OpenCrashPointStore): void {
  describe("an admission", () => {
    it("changes nothing when the client dies before it is sent (crash point 1)", async () => {
      const scene = await openScene(openStore);
      await scene.worker("a");
      await sendAndDie(scene, "admit.before_send");

      expect(await scene.turnsWithin(2 * scene.lostWakeMs)).toEqual([]);

      expect(await scene.standing()).toEqual({ inputs: [], run: null, dueMs: null, position: 0 });
      await scene.expectWhole({});
    });

    it("has its first answer for a client that repeats it because the reply was lost (crash point 2)", async () => {
      const scene = await openScene(openStore);
      await scene.worker("a");
      const fault = () => strikeAt("admit.after_apply_before_reply", [1]);
      const { runtime } = await scene.client("client", { fault });

      const error = await rejection(runtime.acceptInput(scene.ref, keyed("one", "one")));
      const untold = { ...(await scene.standing()), waiting: scene.world.wakes.waiting() };
      const repeat = await runtime.acceptInput(scene.ref, keyed("one", "one"));

      expect(error).toMatchObject({ code: "store.unavailable" });
      expect(untold).toEqual({ ...UNTOLD, waiting: 0 });
      expect(repeat).toMatchObject({ kind: "deduplicated", admission: 1 });
      expect(await scene.turnsWithin(scene.lostWakeMs)).toEqual(["a:one#1"]);
      await scene.expectWhole({ one: "completed_without_result" });
    });

    it.each<[string, FaultPoint, string]>([
      ["its reply is lost and the client never returns", "admit.after_apply_before_reply", "2"],
      ["its client dies before it adds the wake", "wake.before_add", "3"],
    ])("is found by a sweep when %s (%s, crash point %s)", async (_case, point) => {
      const scene = await openScene(openStore);
      await scene.worker("a");
      await sendAndDie(scene, point);

      expect(await scene.standing()).toEqual(UNTOLD);
      expect(scene.world.wakes.waiting()).toBe(0);
      expect(await scene.turnsWithin(scene.lostWakeMs)).toEqual(["a:one#1"]);
      await scene.expectWhole({ one: "completed_without_result" });
    });

    it("stands although the queue refuses its wake, and is found by a sweep (crash point 4)", async () => {
      const scene = await openScene(openStore);
      await scene.worker("a");
      const client = await scene.client("client", { fault: () => strikeAt("wake.before_add", [1]) });

      await scene.send("one", client);
      await scene.world.settle();

      expect(await scene.standing()).toEqual(UNTOLD);
      expect(client.reports).toMatchObject([{ phrase: "wake not queued" }]);
      expect(await scene.turnsWithin(scene.lostWakeMs)).toEqual(["a:one#1"]);
      await scene.expectWhole({ one: "completed_without_result" });
    });

    it("is found by a sweep when the queue drops its wake without a word (crash point 4)", async () => {
      const scene = await openScene(openStore);
      await scene.worker("a");
      scene.world.wakes.setDrop(() => true);
      await scene.send("one");
      await scene.world.settle();
      scene.world.wakes.setDrop(null);

      expect(await scene.standing()).toEqual(UNTOLD);
      expect(await scene.turnsWithin(scene.lostWakeMs)).toEqual(["a:one#1"]);
      await scene.expectWhole({ one: "completed_without_result" });
    });
  });
}

/** A client sends one input and dies at a point on its way; it never hears of it again. */
async function sendAndDie(scene: Scene, point: FaultPoint): Promise<void> {
  const fault = ({ die }: { die: () => void }) => strikeAt(point, [1], "hang", die);
  const { runtime } = await scene.client("client", { fault });
  void runtime.acceptInput(scene.ref, keyed("one", "one"));
  await scene.world.settle();
}
