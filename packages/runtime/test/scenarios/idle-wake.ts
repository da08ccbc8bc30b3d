/** What an agent of a session works with, and how a session at rest hears of detached work that ended. */
import type { NewInput } from "@holdfast/contracts";
import { binding, sessionRef } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import type { Store, Turn } from "../../src/index.ts";
import { unavailable } from "../support/bound-session.ts";
import { executor, holding, textsOf } from "../support/executors.ts";
import { rejection } from "../support/rejection.ts";
import { begin } from "./operations.ts";
import type { OpenStage, Stage } from "./stage.ts";

/** Proves the scenarios of bindings and of idle wake on a store. */
export function describeIdleWake(openStage: OpenStage): void {
  describe("bindings", () => {
    describeBindings(openStage);
  });
  describe("idle wake", () => {
    describeWakes(openStage);
  });
  describe("idle wake over restarts", () => {
    describeRestarts(openStage);
  });
}

function describeBindings(openStage: OpenStage): void {
  it("BND-01 BND-02 BND-04 bindings name the session, and are the same epoch and the same registry each time", async () => {
    const { sender, ref } = await openStage();

    const first = await sender.runtime.prepareBindings(ref);
    const second = await sender.runtime.prepareBindings(ref);

    expect(first.sessionId).toBe(ref.sessionId);
    expect(second.epochId).toBe(first.epochId);
    expect(second.ops).toBe(first.ops);
    expect(await sender.runtime.opsLifecycleRegistry(ref)).toBe(first.ops);
  });

  it("BND-03 two sessions have different epochs", async () => {
    const { sender, ref } = await openStage();

    const one = await sender.runtime.prepareBindings(ref);
    const other = await sender.runtime.prepareBindings(sessionRef("other"));

    expect(other.epochId).not.toBe(one.epochId);
  });

  it("BND-05 bindings of a session that was registered otherwise come from what is there, and attach no executor", async () => {
    const { sender, ref } = await openStage();
    await sender.runtime.registerSession(ref);
    const ops = await sender.runtime.opsLifecycleRegistry(ref);
    if (ops === null) throw new Error("the session has no registry");
    await begin(ops, "tool");

    const bindings = await sender.runtime.prepareBindings(ref);

    expect(await bindings.ops.listOperations()).toMatchObject([{ operationId: "tool" }]);
    expect(await sender.runtime.findSession(ref)).toMatchObject({ state: "idle", binding: null });
  });

  it("BND-07 the epoch of a registration is not replaced by what another process would give it [O11]", async () => {
    const stage = await openStage();
    const { sender, ref } = stage;
    const registered = await sender.runtime.prepareBindings(ref);
    const elsewhere = await stage.process("elsewhere");

    await elsewhere.runtime.ensureSessionWithExecutor(ref, binding());
    const placed = await elsewhere.runtime.prepareBindings(ref);

    expect(placed.epochId).toBe(registered.epochId);
    expect((await sender.runtime.prepareBindings(ref)).epochId).toBe(registered.epochId);
  });

  it("BND-08 a stopped session that is revived cold is bound under a fresh epoch [O11]", async () => {
    const stage = await openStage();
    const before = await stage.sender.runtime.prepareBindings(stage.ref);
    await begin(before.ops, "tool");
    const watch = await before.ops.registerWatcher("tool" as never);
    await stage.sender.runtime.control(stage.ref, { verb: "stop", requestId: "stop" as never });
    await stage.world.settle();
    expect(await stage.sender.runtime.opsLifecycleRegistry(stage.ref)).toBeNull();

    const cold = await stage.process("cold");
    const after = await cold.runtime.prepareBindings(stage.ref);

    expect(after.epochId).not.toBe(before.epochId);
    expect(await watch.outcome).toEqual({ kind: "terminated", reason: "registry_ended" });
    expect(await after.ops.listOperations()).toEqual([]);
    expect(await after.cursors.read()).toEqual({ agentApplied: 0, runtimeObserved: 0, runtimeLastInjected: 0 });
    expect(await rejection(begin(before.ops, "late"))).toMatchObject({ code: "operation.epoch_ended" });
    await begin(after.ops, "tool");
  });

  it("BND-08 a refusal says why, and is no missing session", async () => {
    const { sender, ref } = await openStage();
    await sender.runtime.registerSession(ref);
    await sender.runtime.control(ref, { verb: "destroy", requestId: "destroy" as never });

    expect(await rejection(sender.runtime.prepareBindings(ref))).toMatchObject({ code: "session.destroyed" });
    expect(await sender.runtime.opsLifecycleRegistry(ref)).toBeNull();
    expect(await sender.runtime.opsLifecycleRegistry(sessionRef("unknown"))).toBeNull();
  });

  it("keeps the agent's cursor, which never goes back nor past the feed [O13]", async () => {
    const stage = await openStage();
    const { sender, ref } = stage;
    const { ops, cursors } = await sender.runtime.prepareBindings(ref);
    for (const name of ["a", "b", "c"]) await ops.completeOperation(await begin(ops, name, "mob_member_child"), 1);

    const seen = [await cursors.advanceAgentApplied(2), await cursors.advanceAgentApplied(1)];
    const { cursors: elsewhere } = await (await stage.process("elsewhere")).runtime.prepareBindings(ref);

    expect(seen.map(({ agentApplied }) => agentApplied)).toEqual([2, 2]);
    expect((await elsewhere.read()).agentApplied).toBe(2);
    expect((await elsewhere.advanceAgentApplied(99)).agentApplied).toBe(3);
  });
}

/** Turns by their inputs, and a session that runs them. */
async function attended(stage: Stage, apply: (turn: Turn) => unknown = () => ({ kind: "completed" })) {
  await stage.bind();
  const turns: string[] = [];
  const worker = await stage.worker(
    "worker",
    executor((turn) => {
      turns.push(textsOf(turn).join(","));
      return apply(turn);
    }),
  );
  const { ops, cursors } = await stage.sender.runtime.prepareBindings(stage.ref);
  return { turns, worker, ops, cursors };
}

function describeWakes(openStage: OpenStage): void {
  it("WAK-01 a background operation that completes wakes an attached session at rest once, with a continuation", async () => {
    const stage = await openStage();
    const { turns, ops, cursors } = await attended(stage);

    await ops.completeOperation(await begin(ops, "tool"), "result");
    await stage.world.advance(60_000);

    expect(turns).toEqual(["continuation"]);
    const { items } = await stage.sender.runtime.listInputs(stage.ref, { after: 0, limit: 10 });
    expect(items).toMatchObject([
      {
        status: "consumed",
        input: {
          durability: "derived",
          source: { type: "system" },
          handlingMode: "steer",
          visibility: { isTranscriptEligible: false, isOperatorEligible: false },
        },
      },
    ]);
    expect(await cursors.read()).toMatchObject({ runtimeObserved: 1, runtimeLastInjected: 1 });
  });

  it("WAK-02 five completions at rest become one continuation [O14]", async () => {
    const stage = await openStage();
    const { turns, ops, cursors } = await attended(stage);
    const other = (await (await stage.process("other")).runtime.prepareBindings(stage.ref)).ops;
    const ids = await Promise.all(["a", "b", "c", "d", "e"].map((name) => begin(ops, name)));

    await Promise.all(ids.map((id, index) => (index % 2 === 0 ? ops : other).completeOperation(id, index)));
    await stage.world.advance(60_000);

    expect(turns).toEqual(["continuation"]);
    expect(await cursors.read()).toMatchObject({ runtimeLastInjected: 5 });
  });

  it("WAK-03 a completion during a run is told after it [O15]", async () => {
    const stage = await openStage();
    await stage.bind();
    const held = holding();
    await stage.worker("worker", held.executor);
    const { ops } = await stage.sender.runtime.prepareBindings(stage.ref);
    const id = await begin(ops, "tool");
    await stage.sender.runtime.acceptInput(stage.ref, { kind: "prompt", text: "work" });
    await stage.world.advance(100);

    await ops.completeOperation(id, 1);
    await stage.world.advance(9_000);
    expect(held.turns.map(({ turn }) => textsOf(turn))).toEqual([["work"]]);
    held.last().answer();
    await stage.world.advance(100);

    expect(held.turns.map(({ turn }) => textsOf(turn))).toEqual([["work"], ["continuation"]]);
  });

  it("WAK-04 a child agent that completes wakes nobody", async () => {
    const stage = await openStage();
    const { turns, ops, cursors } = await attended(stage);

    await ops.completeOperation(await begin(ops, "child", "mob_member_child"), 1);
    await stage.world.advance(60_000);

    expect(turns).toEqual([]);
    expect(await cursors.read()).toMatchObject({ runtimeObserved: 1, runtimeLastInjected: 0 });
  });

  it("WAK-05 what cannot be told yet waits without being looked for, and is told once the session is at rest", async () => {
    const stage = await openStage();
    const { turns, worker, ops, cursors } = await attended(stage);
    await stage.sender.runtime.setSessionSilentIntents(stage.ref, ["gossip"]);
    await stage.sender.runtime.acceptInput(stage.ref, gossip);
    await ops.completeOperation(await begin(ops, "tool"), 1);
    await stage.world.advance(1_000);
    const before = { ...worker.calls };

    await stage.world.advance(120_000);

    expect(turns).toEqual([]);
    const { claim, inspectDue, admit } = worker.calls;
    expect([claim, inspectDue, admit]).toEqual([before.claim, before.inspectDue, before.admit]);
    expect(await cursors.read()).toMatchObject({ runtimeObserved: 0, runtimeLastInjected: 0 });
    await stage.sender.runtime.acceptInput(stage.ref, { kind: "prompt", text: "hello" });
    await stage.world.advance(1_000);
    expect(turns.at(-1)).toBe("continuation");
    expect(turns.filter((text) => text === "continuation")).toHaveLength(1);
  });

  it("keeps the bounds of the registry when intents are silenced", async () => {
    const stage = await openStage();
    const operations = { maxConcurrent: 1, maxCompleted: 5 };
    await stage.sender.runtime.registerSession(stage.ref, { settings: { silentIntents: [], operations } });

    await stage.sender.runtime.setSessionSilentIntents(stage.ref, ["gossip"]);

    expect(await stage.sender.runtime.findSession(stage.ref)).toMatchObject({
      settings: { silentIntents: ["gossip"], operations },
    });
  });
}

const gossip: NewInput = {
  kind: "peer",
  body: "x",
  convention: { type: "request", requestId: "r", intent: "gossip" },
};

function describeRestarts(openStage: OpenStage): void {
  it("WAK-06 a session whose loop was stopped and started again is told nothing of what it was told before", async () => {
    const stage = await openStage();
    const { turns, worker, ops } = await attended(stage);
    await ops.completeOperation(await begin(ops, "tool"), 1);
    await stage.world.advance(5_000);
    worker.kill();

    await stage.bind();
    await stage.worker(
      "second",
      executor((turn) => (turns.push(`second ${textsOf(turn).join()}`), { kind: "completed" })),
    );
    await stage.world.advance(60_000);

    expect(turns).toEqual(["continuation"]);
  });

  it("WAK-06 what ended before anybody ran the session is history", async () => {
    const stage = await openStage();
    const { ops } = await stage.sender.runtime.prepareBindings(stage.ref);
    await ops.completeOperation(await begin(ops, "before"), 1);

    const { turns } = await attended(stage);
    await stage.world.advance(60_000);
    expect(turns).toEqual([]);
    await ops.completeOperation(await begin(ops, "after"), 1);
    await stage.world.advance(1_000);

    expect(turns).toEqual(["continuation"]);
  });

  it("WAK-07 a completion whose process died before it could tell is told by a sweeper [O15]", async () => {
    const stage = await openStage();
    const { turns } = await attended(stage);
    const doomed = await stage.process("doomed");
    const { ops } = await doomed.runtime.prepareBindings(stage.ref);
    await ops.completeOperation(await begin(ops, "tool"), 1);
    doomed.kill();
    expect(await (await stage.sender.runtime.prepareBindings(stage.ref)).cursors.read()).toMatchObject({
      runtimeLastInjected: 0,
    });

    await stage.world.advance(3_000);

    expect(turns).toEqual(["continuation"]);
  });

  it("WAK-07 cursors behind the feed after a restart of everything lead to a continuation [O15]", async () => {
    const stage = await openStage();
    await stage.bind();
    let isAway = false;
    const losing = (store: Store): Store => ({
      ...store,
      ledger: { ...store.ledger, admit: async (command) => (isAway ? unavailable() : store.ledger.admit(command)) },
    });
    const first = await stage.worker(
      "first",
      executor(() => ({ kind: "completed" })),
      { wrap: losing },
    );
    const { ops } = await first.runtime.prepareBindings(stage.ref);
    await ops.completeOperation(await begin(ops, "told"), 1);
    await stage.world.advance(1_000);
    isAway = true;
    await ops.completeOperation(await begin(ops, "missed"), 2);
    await stage.world.advance(5_000);
    first.kill();

    const turns: string[] = [];
    await stage.worker(
      "second",
      executor((turn) => (turns.push(textsOf(turn).join()), { kind: "completed" })),
    );
    await stage.world.advance(5_000);

    expect(turns).toEqual(["continuation"]);
  });

  it("tells again what was dropped with a dead holder before it ran", async () => {
    const stage = await openStage();
    await stage.bind();
    const held = holding();
    const first = await stage.worker("first", held.executor);
    const { ops } = await stage.sender.runtime.prepareBindings(stage.ref);
    await ops.completeOperation(await begin(ops, "tool"), 1);
    await stage.world.advance(1_000);
    expect(held.turns.map(({ turn }) => textsOf(turn))).toEqual([["continuation"]]);
    first.kill();

    const turns: string[] = [];
    await stage.worker(
      "second",
      executor((turn) => (turns.push(textsOf(turn).join()), { kind: "completed" })),
    );
    await stage.world.advance(60_000);

    expect(turns).toEqual(["continuation"]);
  });
}
