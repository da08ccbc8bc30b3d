import { createIds, FAULT_POINTS, type FaultPlan, type FaultPoint } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import { keyed } from "../support/send.ts";
import { applyInputs, type Cast, type OpenCrashPointStore, openScene, type Scene, type Self } from "./scene.ts";
import { faultIn, WAYS } from "./ways.ts";

const TEXTS = ["one", "two", "three"];
const requestId = createIds().request();

/** Points that a sender passes; all others are passed by a worker. */
const OF_SENDERS: readonly string[] = ["admit", "wake", "control"];

/** Every named fault point, struck in every way at its first visit. */
export function describeEveryPoint(openStore: OpenCrashPointStore): void {
  describe("a session in which something is struck once", () => {
    const cases = [...FAULT_POINTS.keys()].flatMap((point) => WAYS.map((way) => [point, way] as const));
    it.each(cases)("ends every acknowledged input once and in order (%s, %s; G1, G3, G5)", async (point, way) => {
      const scene = await openScene(openStore);
      const { fault, strikes } = faultIn(point, way);

      const victim = await play(scene, { point, fault });
      await scene.world.advance(2 * scene.deadHolderMs);
      victim.thaw();
      await sendAll(scene, await scene.client("again"));
      await scene.world.advance(2 * scene.deadHolderMs);

      expect(strikes()).toBe(1);
      expect(await scene.standing()).toMatchObject({ run: null, dueMs: null, position: TEXTS.length });
      await scene.expectWhole(Object.fromEntries(TEXTS.map((text) => [text, "completed_without_result"])));
    });
  });
}

/** One process is struck while it sends, works, or commands; others are there to go on. */
async function play(
  scene: Scene,
  { point, fault }: { readonly point: FaultPoint; readonly fault: (self: Self) => FaultPlan },
): Promise<Cast> {
  const [operation = ""] = point.split(".");
  const isOfSender = OF_SENDERS.includes(operation);
  const worker = await scene.worker("a", {
    isJournaling: true,
    act: async (turn) => {
      // Long enough for a renewal.
      await new Promise<void>((resolve) => void scene.world.clock.after(4_000, resolve));
      return applyInputs(turn);
    },
    // With one boundary to a hold it lets go although work is left.
    loop: operation === "release" ? { concurrency: 1, yieldBoundaries: 1 } : {},
    ...(isOfSender ? {} : { fault }),
  });
  await scene.worker("b", { isJournaling: true });
  const sender = await scene.client("client", isOfSender ? { fault } : {});
  // A sender that dies over it never comes to an end.
  void sendAll(scene, sender);
  return isOfSender ? sender : worker;
}

/** Sends everything in order, each again until it is answered, and closes the session behind it. */
async function sendAll({ ref }: Scene, { runtime }: Cast): Promise<void> {
  for (const text of TEXTS) await untilAnswered(() => runtime.acceptInput(ref, keyed(text, text)));
  await untilAnswered(() => runtime.control(ref, { verb: "retire", requestId }));
}

/** The strike hits once, so one repetition is enough. */
async function untilAnswered(call: () => Promise<unknown>): Promise<void> {
  try {
    await call();
  } catch {
    // Unknown outcome: the same call, with the same key, resolves it.
    await call();
  }
}
