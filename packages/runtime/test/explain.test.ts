import { type ControlVerb, Explanation, isAppError, type NewInput } from "@holdfast/contracts";
import { binding, createIds, event, prompt, sessionRef } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import { failure, ref, withSession } from "./support/bound-session.ts";
import { executor, holding, recording } from "./support/executors.ts";
import { rejection } from "./support/rejection.ts";
import { send } from "./support/send.ts";
import type { TestProcess, World } from "./support/world.ts";

const ids = createIds();

interface Scene {
  readonly world: World;
  readonly sender: TestProcess;
}

/** What the session waits for, as any process is told; its shape is the documented one. */
async function explained({ sender }: Scene) {
  return Explanation.parse(await sender.runtime.explain(ref));
}

async function giving(scene: Scene, verb: Exclude<ControlVerb, "interrupt">): Promise<void> {
  await scene.sender.runtime.control(ref, { verb, requestId: ids.request() });
}

/** A worker that hosts the executor, and hears of work only when it looks. */
async function unawareWorker({ world }: Scene): Promise<void> {
  world.wakes.setDrop(() => true);
  await world.start("worker", { executors: [recording()] });
}

/** A prompt that must not run for a while. */
function scheduled({ clock }: World, ms: number): NewInput {
  return { ...prompt("later"), notBefore: new Date(clock.now() + ms).toISOString() } as NewInput;
}

describe("a session waits for", () => {
  it("nothing, when there is nothing to do", async () => {
    const scene = await withSession();

    expect(await explained(scene)).toEqual({
      phase: "idle",
      state: "attached",
      waitsFor: { kind: "nothing" },
      summary: "Nothing is queued: the session waits for input.",
      legalVerbs: ["retire", "recycle", "reset", "recover", "stop", "destroy"],
    });
  });

  it("a worker, by a time at which somebody looks again", async () => {
    const scene = await withSession();
    await unawareWorker(scene);
    await send(scene.sender, ref);

    const { waitsFor, summary } = await explained(scene);

    const dueAt = new Date(scene.world.clock.now() + scene.world.timing.sweepDelayMs).toISOString();
    expect(waitsFor).toEqual({ kind: "worker", dueAt, fruitlessSweeps: 0 });
    expect(summary).toContain(dueAt);
  });

  it("a worker that does not come, with the looks that were in vain", async () => {
    const scene = await withSession();
    scene.world.wakes.setDrop(() => true);
    await scene.world.start("full", { executors: [holding().executor], loop: { concurrency: 1 } });
    await send(scene.sender, sessionRef("chat/other"), "hello", { createWith: binding() });
    await scene.world.advance(6_000);
    await send(scene.sender, ref);

    await scene.world.advance(10_000);

    const { waitsFor } = await explained(scene);
    expect(waitsFor).toMatchObject({ kind: "worker", fruitlessSweeps: expect.any(Number) });
    expect((waitsFor as { fruitlessSweeps: number }).fruitlessSweeps).toBeGreaterThan(2);
  });

  it("a run in progress, and says where it is and whether it was asked to end", async () => {
    const scene = await withSession();
    const host = holding();
    const worker = await scene.world.start("worker", { executors: [host.executor] });
    await send(scene.sender, ref);
    await scene.world.settle();
    const stagedAt = scene.world.clock.now();
    const before = await explained(scene);
    await scene.sender.runtime.interruptCurrentRun(ref, { requestId: ids.request() });

    const after = await explained(scene);

    expect(before).toMatchObject({
      state: "running",
      waitsFor: {
        kind: "run",
        runId: host.last().turn.runId,
        attempt: 1,
        workerId: worker.node,
        stagedAt: new Date(stagedAt).toISOString(),
        leaseUntil: new Date(stagedAt + scene.world.timing.leaseMs).toISOString(),
        isLeaseLive: true,
        cancelMode: null,
      },
    });
    expect(after.waitsFor).toMatchObject({ kind: "run", cancelMode: "interrupt" });
  });

  it("the takeover of a run whose worker died", async () => {
    const scene = await withSession();
    const worker = await scene.world.start("worker", { executors: [holding().executor] });
    await send(scene.sender, ref);
    await scene.world.settle();
    worker.kill();

    await scene.world.advance(scene.world.timing.leaseMs);

    const { waitsFor, summary, legalVerbs } = await explained(scene);
    expect(waitsFor).toMatchObject({ kind: "run", isLeaseLive: false, workerId: worker.node });
    expect(summary).toContain("lost its worker");
    expect(legalVerbs).toContain("recover");
  });

  it("the time of an input that was scheduled", async () => {
    const scene = await withSession();
    const { inputId } = await send(scene.sender, ref, scheduled(scene.world, 60_000));

    const { waitsFor, summary } = await explained(scene);

    const at = new Date(scene.world.clock.now() + 60_000).toISOString();
    expect(waitsFor).toEqual({ kind: "time", inputId, at, failures: 0 });
    expect(summary).toBe(`Input ${inputId} is scheduled for ${at}.`);
  });

  it("a worker rather than a time, when something else can be done first", async () => {
    const scene = await withSession();
    await unawareWorker(scene);
    await send(scene.sender, ref, scheduled(scene.world, 60_000));

    await send(scene.sender, ref);

    expect((await explained(scene)).waitsFor).toMatchObject({ kind: "worker" });
  });

  it.each(["hold", "defer"] as const)("the next attempt of an input that failed (%s)", async (onFailure) => {
    const scene = await withSession(onFailure);
    const at = new Date(scene.world.clock.now() + 120_000).toISOString();
    await scene.world.start("worker", { executors: [executor(() => failure(at))] });
    const { inputId } = await send(scene.sender, ref);

    await scene.world.advance(1_000);

    const { waitsFor, summary } = await explained(scene);
    expect(waitsFor).toEqual({ kind: "time", inputId, at, failures: 1 });
    expect(summary).toBe(`Input ${inputId} failed 1 times and is tried again at ${at}.`);
  });

  it("a binding", async () => {
    const { world, sender } = await withSession();
    const unbound = sessionRef("chat/unbound");
    await sender.runtime.registerSession(unbound);
    await send(sender, unbound);
    await world.settle();

    expect(await sender.runtime.explain(unbound)).toMatchObject({ state: "idle", waitsFor: { kind: "binding" } });
  });

  it("a wake, when all that is queued is silent", async () => {
    const scene = await withSession();
    for (const name of ["a", "b"]) await send(scene.sender, ref, event(name), { isWithoutWake: true });

    expect((await explained(scene)).waitsFor).toEqual({ kind: "wake", silentInputs: 2 });
  });

  it("a worker that hosts its executor", async () => {
    const scene = await withSession();
    await scene.world.start("stranger", { executors: [executor(() => null, { name: "another" })] });
    await send(scene.sender, ref);
    const atOnce = await explained(scene);

    await scene.world.advance(10_000);

    const { waitsFor, summary } = await explained(scene);
    expect(waitsFor).toEqual({ kind: "executor", executor: "agent", announced: [] });
    expect(summary).toBe("No worker hosts executor agent.");
    expect(atOnce).toMatchObject({ waitsFor, summary });
  });

  it.each([
    ["stop", "stopped"],
    ["destroy", "destroyed"],
  ] as const)("an operator after %s", async (verb, phase) => {
    const scene = await withSession();
    await send(scene.sender, ref);
    await giving(scene, verb);

    expect(await explained(scene)).toMatchObject({ phase, state: phase, waitsFor: { kind: "operator", phase } });
  });

  it("a worker while it drains after retire, and for nothing once it has", async () => {
    const scene = await withSession();
    await unawareWorker(scene);
    await send(scene.sender, ref);
    await giving(scene, "retire");
    const before = await explained(scene);

    await scene.world.advance(3_000);

    expect(before).toMatchObject({ state: "retired", waitsFor: { kind: "worker" } });
    expect(await explained(scene)).toMatchObject({ state: "retired", waitsFor: { kind: "nothing" } });
  });
});

it("a session that does not exist is not explained", async () => {
  const { sender } = await withSession();

  const error = await rejection(sender.runtime.explain(sessionRef("nobody")));

  expect(isAppError(error, "session.not_found")).toBe(true);
});

describe("the verbs called legal are those that succeed", () => {
  const VERBS = ["retire", "recycle", "reset", "recover", "stop", "destroy", "interrupt"] as const;

  async function running(scene: Scene) {
    const worker = await scene.world.start("worker", { executors: [holding().executor] });
    await send(scene.sender, ref);
    await scene.world.settle();
    return worker;
  }

  const standings: readonly [string, (scene: Scene) => Promise<unknown>][] = [
    ["at rest", async () => {}],
    ["with work queued", (scene) => send(scene.sender, ref)],
    ["running", running],
    [
      "running under a lease that has ended",
      async (scene) => {
        (await running(scene)).kill();
        await scene.world.advance(scene.world.timing.leaseMs);
      },
    ],
    ["retired", (scene) => giving(scene, "retire")],
    [
      "retired and running",
      async (scene) => {
        await running(scene);
        await giving(scene, "retire");
      },
    ],
    ["stopped", (scene) => giving(scene, "stop")],
    ["destroyed", (scene) => giving(scene, "destroy")],
  ];

  it.each(standings)("of a session that is %s (C3)", async (_what, arrange) => {
    const succeeded: ControlVerb[] = [];
    let told: readonly ControlVerb[] = [];
    for (const verb of VERBS) {
      const scene = await withSession();
      await arrange(scene);
      told = (await explained(scene)).legalVerbs;
      const requestId = ids.request();
      const { runtime } = scene.sender;
      const given =
        verb === "interrupt"
          ? runtime.interruptCurrentRun(ref, { requestId })
          : runtime.control(ref, { verb, requestId });
      await given.then(
        () => succeeded.push(verb),
        (error: unknown) =>
          expect(error).toMatchObject({ code: expect.stringMatching(/^(control.refused|session.destroyed)$/) }),
      );
    }

    expect(told).toEqual(succeeded);
  });
});
