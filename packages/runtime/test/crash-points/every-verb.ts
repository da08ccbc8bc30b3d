import { type ControlReport, type ControlVerb, type RequestId, type UnregisterReport } from "@holdfast/contracts";
import { binding, CALL_STAGES, findLedgerFaults } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import { rejection } from "../support/rejection.ts";
import { type Cast, type OpenCrashPointStore, openScene, type Scene } from "./scene.ts";
import { faultIn, WAYS } from "./ways.ts";

type Verb = ControlVerb | "unregister";

/** Every verb, and the phase it leaves. */
const VERBS: Readonly<Record<Verb, string>> = {
  interrupt: "idle",
  retire: "retired",
  recycle: "idle",
  recover: "idle",
  reset: "idle",
  stop: "stopped",
  destroy: "destroyed",
  unregister: "gone",
};

/** Each control verb over a dead holder with an input behind it, struck at every stage of its call in every way. */
export function describeEveryVerb(openStore: OpenCrashPointStore): void {
  describe("a control verb that is struck once", () => {
    const cases = (Object.keys(VERBS) as Verb[]).flatMap((verb) =>
      CALL_STAGES.flatMap((stage) => WAYS.map((way) => [verb, stage, way] as const)),
    );
    it.each(cases)(
      "takes effect once, and reports it when it is sent again (%s %s, %s; C1, G10)",
      async (verb, stage, way) => {
        const scene = await openScene(openStore);
        await leaveStaged(scene, verb);
        const { fault, strikes } = faultIn(`control.${stage}`, way);
        const operator = await scene.client("operator", { fault });
        // An operator that dies over it never comes to an end.
        void command(scene, operator, verb).catch(() => {});
        await scene.world.advance(100);
        operator.thaw();
        const again = await scene.client("again");

        const report = await command(scene, again, verb);

        expect(strikes()).toBe(1);
        expect(await command(scene, again, verb)).toEqual(report);
        expect(await phaseOf(scene)).toBe(VERBS[verb]);
        await expectEnd(scene, verb);
      },
    );
  });
}

/** A holder that is gone, or, for an interrupt, one that will be: an attempt is staged, and an input waits behind it. */
async function leaveStaged(scene: Scene, verb: Verb): Promise<void> {
  const worker = await scene.worker("a");
  worker.door.close();
  await scene.send("one");
  await scene.send("two");
  await scene.world.settle();
  worker.kill();
  // Those that leave a run in progress alone find none.
  if (verb !== "interrupt") await scene.world.advance(scene.deadHolderMs);
}

function command({ ref }: Scene, { runtime }: Cast, verb: Verb): Promise<ControlReport | UnregisterReport> {
  const requestId = `req_${verb}0000001` as RequestId;
  if (verb === "interrupt") return runtime.interruptCurrentRun(ref, { requestId });
  if (verb === "unregister") return runtime.unregisterSession(ref, { requestId });
  return runtime.control(ref, { verb, requestId });
}

async function phaseOf({ sender, ref }: Scene): Promise<string> {
  return (await sender.runtime.findSession(ref))?.phase ?? "gone";
}

/** Bound again, the session comes to rest with every input ended once; one that is destroyed is at rest. */
async function expectEnd(scene: Scene, verb: Verb): Promise<void> {
  const { ref, world, sender } = scene;
  await scene.worker("b");
  if (verb === "stop" || verb === "unregister") await sender.runtime.ensureSessionWithExecutor(ref, binding());
  await world.advance(3 * scene.deadHolderMs);
  expect(await scene.store.connect().ledger.sweep(10)).toEqual([]);
  if (verb === "destroy") {
    const error = await rejection(sender.runtime.waitForOutcome(ref, { key: "one" }));
    expect(error).toMatchObject({ code: "session.destroyed" });
    return;
  }
  expect(await findLedgerFaults(world.store, ref)).toEqual([]);
  expect((await scene.standing()).inputs.filter((status) => OPEN.has(status))).toEqual([]);
}

const OPEN: ReadonlySet<string> = new Set(["queued", "staged", "applied_pending"]);
