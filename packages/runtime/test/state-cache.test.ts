import { binding, createIds, sessionRef } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import { ref, withSession } from "./support/bound-session.ts";
import { taping } from "./support/calls.ts";
import { executor, holding, recording } from "./support/executors.ts";
import { send } from "./support/send.ts";
import type { TestProcess, World } from "./support/world.ts";

const ids = createIds();

/** Sends one input and lets it run. */
async function runOne(world: World, sender: TestProcess, text: string): Promise<unknown> {
  const { completion } = await send(sender, ref, text);
  await world.advance(100);
  return completion;
}

function stateKinds({ claims }: ReturnType<typeof taping>["tape"]): string[] {
  return claims.map(({ reply }) => (reply.kind === "staged" ? reply.state.kind : reply.kind));
}

describe("the state of a session", () => {
  it("travels to a worker once, and no more while that worker runs it", async () => {
    const { world, sender } = await withSession();
    const { tape, wrap } = taping();
    await world.start("worker", { executors: [recording()], wrap });

    for (const text of ["one", "two", "three"]) await runOne(world, sender, text);

    expect(stateKinds(tape)).toEqual(["stored", "cached", "cached"]);
    expect(await sender.runtime.sessionState(ref)).toMatchObject({ state: ["one", "two", "three"] });
  });

  it("travels again after another worker committed: what is cached is never taken for newer", async () => {
    const { world, sender } = await withSession();
    const { tape, wrap } = taping();
    const first = await world.start("first", { executors: [recording()], wrap });
    await runOne(world, sender, "one");
    const second = await world.start("second", { executors: [recording()] });
    world.notices.setDrop(() => true);
    world.wakes.setDrop(() => true);

    for (const [text, { worker }] of [
      ["two", second],
      ["three", first],
    ] as const) {
      await send(sender, ref, text);
      await worker?.run(ref);
    }

    expect(stateKinds(tape)).toEqual(["stored", "stored"]);
    expect(await sender.runtime.sessionState(ref)).toMatchObject({ state: ["one", "two", "three"] });
  });

  it("is handed on as it was after a turn that committed none", async () => {
    const { world, sender } = await withSession();
    const states: unknown[] = [];
    const host = executor((turn) => {
      states.push(turn.state);
      return { kind: "completed", ...(states.length === 1 ? { state: { n: 1 } } : {}) };
    });
    const { tape, wrap } = taping();
    await world.start("worker", { executors: [host], wrap });

    for (const text of ["one", "two", "three"]) await runOne(world, sender, text);

    expect(states).toEqual([null, { n: 1 }, { n: 1 }]);
    expect(stateKinds(tape)).toEqual(["stored", "cached", "cached"]);
  });

  it("of a run that was refused is forgotten: the next claim reads what was committed", async () => {
    const { world, sender } = await withSession();
    const host = holding();
    const { tape, wrap } = taping();
    await world.start("worker", { executors: [host.executor], wrap });
    await send(sender, ref, "one");
    await world.settle();
    host.last().answer({ kind: "completed", state: { n: 1 } });
    await world.settle();
    await send(sender, ref, "two");
    await world.settle();
    world.notices.setDrop((_node, message) => message.type === "run.abort");
    await sender.runtime.control(ref, { verb: "stop", requestId: ids.request() });
    host.last().answer({ kind: "completed", state: { n: "refused" } });
    await world.settle();
    await sender.runtime.ensureSessionWithExecutor(ref, binding());

    await send(sender, ref, "three");
    await world.advance(100);

    expect(stateKinds(tape)).toEqual(["stored", "cached", "stored"]);
    expect(host.last().turn.state).toEqual({ n: 1 });
  });

  it("is no other session's, however many a worker runs", async () => {
    const { world, sender } = await withSession();
    await world.start("worker", { executors: [recording()] });
    const refs = Array.from({ length: 20 }, (_, n) => sessionRef("chat", `tenant${n}`));

    for (const text of ["first", "second"]) {
      for (const session of refs) {
        await send(sender, session, `${text} of ${session.tenantId}`, { createWith: binding() });
      }
      await world.advance(1_000);
    }

    for (const session of refs) {
      const { tenantId } = session;
      const state = [`first of ${tenantId}`, `second of ${tenantId}`];
      expect(await sender.runtime.sessionState(session)).toEqual({ state, position: 2 });
    }
  });
});
