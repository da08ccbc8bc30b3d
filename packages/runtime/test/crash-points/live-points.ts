import type { NewInput, RequestId, RunId } from "@holdfast/contracts";
import { type FaultPlan, type FaultPoint, LIVE_POINTS } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import type { Turn } from "../../src/index.ts";
import { type Cast, type OpenCrashPointStore, openScene, type Scene, type Self } from "./scene.ts";
import { faultIn, WAYS } from "./ways.ts";

/** What whoever lets a run go on says. */
const VALUE = { approved: true };

/**
 * A run that takes an input in under a boundary, suspends, and is let go on: every point of its calls, struck in every
 * way at its first visit.
 */
export function describeLivePoints(openStore: OpenCrashPointStore): void {
  describe("a run that is steered, suspended and resumed, struck once", () => {
    const cases = [...LIVE_POINTS.keys()].flatMap((point) => WAYS.map((way) => [point, way] as const));
    it.each(cases)("applies every input once and finds its answer (%s, %s; T6, T7, C8)", async (point, way) => {
      const scene = await openScene(openStore);
      const { fault, strikes } = faultIn(point, way);
      const victim = await play(scene, point, fault);
      victim.thaw();
      await scene.world.advance(2 * scene.deadHolderMs);
      await resumeAll(scene, await scene.client("again"));
      await scene.world.advance(2 * scene.deadHolderMs);

      expect(strikes()).toBe(1);
      expect(await scene.standing()).toMatchObject({ run: null, dueMs: null });
      await scene.expectWhole({ one: "completed_without_result", two: "completed_without_result" });
      const values = scene.turns.flatMap(({ turn }) => turn.resumed?.value ?? []);
      expect(values.length).toBeGreaterThan(0);
      for (const value of values) expect(value).toEqual(VALUE);
    });
  });
}

/** One process is struck while it works, or lets the run go on; another is there to go on. */
async function play(scene: Scene, point: FaultPoint, fault: (self: Self) => FaultPlan): Promise<Cast> {
  const isOfSender = point.startsWith("resume.");
  const act = (turn: Turn) => steerAndSuspend(scene, turn);
  const worker = await scene.worker("a", { act, ...(isOfSender ? {} : { fault }) });
  await scene.send("one");
  await scene.world.settle();
  await scene.worker("b", { act });
  await scene.sender.runtime.acceptInput(scene.ref, STEERING);
  await scene.world.advance(2 * scene.deadHolderMs);
  if (!isOfSender) return worker;
  const client = await scene.client("client", { fault });
  // A client that dies over it never comes to an end.
  void resumeAll(scene, client).catch(() => {});
  await scene.world.advance(2 * scene.deadHolderMs);
  return client;
}

const STEERING: NewInput = {
  kind: "prompt",
  text: "two",
  idempotencyKey: "two",
  turnMetadata: { handlingMode: "steer" },
};

/** Commits what it has while it takes in what steers, and waits for an answer; with one it ends. */
async function steerAndSuspend({ world }: Scene, turn: Turn): Promise<unknown> {
  const { applied } = (turn.state ?? { applied: [] }) as { readonly applied: readonly string[] };
  const state = { applied: [...applied, ...turn.inputs.map(({ id }) => id)] };
  if (turn.resumed !== null && turn.resumed.value !== null) return { kind: "completed", state };
  await new Promise<void>((resolve) => void world.clock.after(500, resolve));
  const joined = await turn.inbox({ checkpoint: { state } });
  const on = { type: "approval", approvalId: turn.runId };
  return { kind: "suspended", on, state: { applied: [...state.applied, ...joined.map(({ id }) => id)] } };
}

/** Lets every run go on that there was, each under a request of its own, so that it may be asked for again. */
async function resumeAll({ turns, ref }: Scene, { runtime }: Cast): Promise<void> {
  for (const runId of new Set<RunId>(turns.map(({ turn }) => turn.runId))) {
    const command = { runId, requestId: `req_${runId}` as RequestId, value: VALUE };
    const call = () => runtime.resumeRun(ref, command);
    // Unknown outcome: the same call, with the same id, resolves it. One that never was suspended stays as it is.
    await call().catch(() => call().catch(() => {}));
  }
}
