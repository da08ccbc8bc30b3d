import { binding, faultyLedger, prompt, sessionRef, strikeAt } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import type { Ledger, Store } from "../src/index.ts";
import { holding, recording } from "./support/executors.ts";
import { createWorld } from "./support/world.ts";

const ref = sessionRef("chat/42");

/** A store some of whose calls a test stands in for. */
function withLedger(change: (ledger: Ledger) => Partial<Ledger>): (store: Store) => Store {
  return (store) => ({ ...store, ledger: { ...store.ledger, ...change(store.ledger) } });
}

describe("a claim whose reply is lost", () => {
  it("is taken up again under its own id: the session neither waits for a lease nor is charged a loss (H4)", async () => {
    const world = createWorld();
    const wrap = (store: Store): Store => {
      return { ...store, ledger: faultyLedger(store.ledger, strikeAt("claim.after_apply_before_reply", [1, 2])) };
    };
    const { runtime } = await world.start("worker", { executors: [recording()], wrap });
    await runtime.ensureSessionWithExecutor(ref, binding());

    const { completion } = await runtime.acceptInputWithCompletion(ref, { ...prompt("hello"), idempotencyKey: "k" });
    await world.advance(500);

    expect(await completion).toMatchObject({ kind: "completed", position: 1 });
    expect(await runtime.inputState(ref, { key: "k" })).toMatchObject({ attempts: 1, losses: 0 });
  });

  it("is given up when its lease could have ended, and left to whoever sweeps", async () => {
    const world = createWorld();
    const isAway = { value: true };
    const wrap = (store: Store): Store => {
      const plan = {
        at: (point: string) => (isAway.value && point === "claim.before_send" ? "fail" : "pass"),
      } as const;
      return { ...store, ledger: faultyLedger(store.ledger, plan) };
    };
    const worker = await world.start("worker", { executors: [recording()], wrap });
    await worker.runtime.ensureSessionWithExecutor(ref, binding());
    const { completion } = await worker.runtime.acceptInputWithCompletion(ref, prompt("hello"));

    await world.advance(world.timing.leaseMs);

    expect(worker.reports.map(({ phrase }) => phrase)).toContain("hold ended by an error");

    isAway.value = false;
    await world.advance(world.timing.sweepDelayMs + 2 * world.timing.sweepPollMs);

    expect(await completion).toMatchObject({ kind: "completed" });
  });
});

describe("a worker that is told to end", () => {
  it("hands back what a claim on its way stages, without beginning it (H5)", async () => {
    const world = createWorld();
    const { executor, turns } = holding();
    const replies: (() => void)[] = [];
    const wrap = withLedger((ledger) => ({
      claim: async (command) => {
        const reply = await ledger.claim(command);
        await new Promise<void>((resolve) => replies.push(resolve));
        return reply;
      },
    }));
    const worker = await world.start("worker", { executors: [executor], wrap });
    await worker.runtime.ensureSessionWithExecutor(ref, binding());
    await worker.runtime.acceptInput(ref, { ...prompt("hello"), idempotencyKey: "k" });
    await world.settle();

    const stopped = worker.stop({ graceMs: 0 });
    await world.settle();
    for (const reply of replies) reply();
    await world.settle();
    await stopped;

    expect(turns).toEqual([]);
    expect(await worker.runtime.inputState(ref, { key: "k" })).toMatchObject({
      status: "queued",
      losses: 0,
      failures: 0,
    });
  });

  it("hands back what an advance on its way stages, without beginning it (H5)", async () => {
    const world = createWorld();
    const held = holding();
    const replies: (() => void)[] = [];
    const wrap = withLedger((ledger) => ({
      advance: async (command) => {
        const reply = await ledger.advance(command);
        if (command.next !== null) await new Promise<void>((resolve) => replies.push(resolve));
        return reply;
      },
    }));
    const worker = await world.start("worker", { executors: [held.executor], wrap });
    await worker.runtime.ensureSessionWithExecutor(ref, binding());
    await worker.runtime.acceptInput(ref, prompt("first"));
    await worker.runtime.acceptInput(ref, { ...prompt("second"), idempotencyKey: "k" });
    await world.settle();
    held.last().answer();
    await world.settle();

    const stopped = worker.stop({ graceMs: 0 });
    await world.settle();
    for (const reply of replies) reply();
    await world.settle();
    await stopped;

    expect(held.turns).toHaveLength(1);
    expect(await worker.runtime.inputState(ref, { key: "k" })).toMatchObject({
      status: "queued",
      losses: 0,
      failures: 0,
    });
  });
});
