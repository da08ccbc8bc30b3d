/** Who waits for operations, in any process, and what is left of them when processes end. */
import { describe, expect, it } from "vitest";
import type { Store } from "../../src/index.ts";
import { unavailable } from "../support/bound-session.ts";
import { rejection } from "../support/rejection.ts";
import { begin, op, registryOf } from "./operations.ts";
import type { OpenStage } from "./stage.ts";

/** Proves the scenarios of watchers, waits and recovery on a store. */
export function describeOperationWaits(openStage: OpenStage): void {
  describe("watchers of operations", () => {
    describeWatchers(openStage);
  });
  describe("waits for several operations", () => {
    describeWaits(openStage);
  });
  describe("recovery of operations", () => {
    describeRecovery(openStage);
  });
}

function describeWatchers(openStage: OpenStage): void {
  it("OPS-07 three watchers, in two processes, all receive the completion", async () => {
    const stage = await openStage();
    const ops = await registryOf(stage);
    const other = (await (await stage.process("other")).runtime.prepareBindings(stage.ref)).ops;
    const id = await begin(ops, "tool");
    const watches = [await ops.registerWatcher(id), await ops.registerWatcher(id), await other.registerWatcher(id)];
    expect((await ops.snapshot(id)).watcherCount).toBe(3);

    await ops.completeOperation(id, "done");

    await stage.world.settle();
    const outcomes = await Promise.all(watches.map(({ outcome }) => outcome));
    expect(outcomes).toEqual(Array.from({ length: 3 }, () => ({ kind: "completed", result: "done" })));
    expect((await ops.snapshot(id)).watcherCount).toBe(0);
  });

  it("OPS-08 whoever begins to watch an operation that has ended is answered at once", async () => {
    const stage = await openStage();
    const ops = await registryOf(stage);
    const id = await begin(ops, "tool");
    await ops.failOperation(id, "no");

    const watch = await ops.registerWatcher(id);

    expect(await watch.outcome).toEqual({ kind: "failed", error: "no" });
    expect(await rejection(ops.registerWatcher(op("unknown")))).toMatchObject({ code: "operation.not_found" });
  });

  it("counts a watcher that gave up no more", async () => {
    const stage = await openStage();
    const ops = await registryOf(stage);
    const id = await begin(ops, "tool");
    const [kept, given] = [await ops.registerWatcher(id), await ops.registerWatcher(id)];

    given.cancel();
    await stage.world.settle();

    expect((await ops.snapshot(id)).watcherCount).toBe(1);
    await ops.completeOperation(id, 1);
    expect(await kept.outcome).toMatchObject({ kind: "completed" });
  });

  it("looks for an end that nobody told it of", async () => {
    const stage = await openStage();
    const ops = await registryOf(stage);
    const id = await begin(ops, "tool");
    const other = await stage.process("other");
    const watch = await (await other.runtime.prepareBindings(stage.ref)).ops.registerWatcher(id);
    stage.world.notices.setDrop(() => true);
    await ops.completeOperation(id, "done");
    stage.world.notices.setDrop(null);

    await stage.world.advance(12_000);

    expect(await watch.outcome).toEqual({ kind: "completed", result: "done" });
  });

  it("OPS-25 a completion that the store does not take fails, and can be tried again", async () => {
    const stage = await openStage();
    let isAway = false;
    const flaky = await stage.process("flaky", { wrap: (store) => losingMoves(store, () => isAway) });
    const ops = await registryOf(stage, undefined, flaky);
    const id = await begin(ops, "tool");
    isAway = true;

    const failed = await rejection(ops.completeOperation(id, 1));
    isAway = false;

    expect(failed).toMatchObject({ code: "store.unavailable" });
    expect(await ops.snapshot(id)).toMatchObject({ status: "running" });
    expect(await ops.completeOperation(id, 1)).toMatchObject({ status: "completed" });
    expect((await ops.listSince(0)).watermark).toBe(1);
  });

  it("wakes whoever waits for the feed to advance, and not before", async () => {
    const stage = await openStage();
    const ops = await registryOf(stage);
    const [first, second] = [await begin(ops, "first"), await begin(ops, "second")];
    await ops.completeOperation(first, 1);
    expect(await ops.waitForAdvance(0)).toBe(1);
    let watermark: number | null = null;
    void ops.waitForAdvance(1).then((reached) => {
      watermark = reached;
    });
    await stage.world.advance(20_000);
    expect(watermark).toBeNull();

    await ops.completeOperation(second, 2);
    await stage.world.settle();

    expect(watermark).toBe(2);
    const late = rejection(ops.waitForAdvance(2, { timeoutMs: 500 }));
    await stage.world.advance(500);
    expect(await late).toMatchObject({ code: "wait.timeout" });
  });
}

function losingMoves(store: Store, isAway: () => boolean): Store {
  const { operations } = store;
  return {
    ...store,
    operations: { ...operations, move: async (command) => (isAway() ? unavailable() : operations.move(command)) },
  };
}

function describeWaits(openStage: OpenStage): void {
  it("OPS-09 a wait for two operations has both outcomes in the order they were asked for", async () => {
    const stage = await openStage();
    const ops = await registryOf(stage);
    const [a, b] = [await begin(ops, "a"), await begin(ops, "b")];
    const waiting = ops.waitAll([b, a]);
    await stage.world.settle();

    await ops.completeOperation(a, "A");
    await ops.failOperation(b, "B");

    expect((await waiting).outcomes).toEqual([
      { operationId: "b", outcome: { kind: "failed", error: "B" } },
      { operationId: "a", outcome: { kind: "completed", result: "A" } },
    ]);
    // What has ended is waited for no longer.
    expect((await ops.waitAll([a, b])).outcomes.map(({ operationId }) => operationId)).toEqual(["a", "b"]);
  });

  it("OPS-10 a wait is refused for an unknown operation, one named twice, and while another is active", async () => {
    const stage = await openStage();
    const ops = await registryOf(stage);
    const other = (await (await stage.process("other")).runtime.prepareBindings(stage.ref)).ops;
    const a = await begin(ops, "a");

    const unknown = await rejection(ops.waitAll([a, op("unknown")]));
    const twice = await rejection(ops.waitAll([a, a]));
    const waiting = ops.waitAll([a]);
    await stage.world.settle();
    const second = await rejection(other.waitAll([a]));

    expect([unknown, twice, second]).toEqual([
      expect.objectContaining({ code: "operation.not_found", details: { operationId: "unknown" } }),
      expect.objectContaining({ code: "operation.wait_duplicate" }),
      expect.objectContaining({ code: "operation.wait_active" }),
    ]);
    await ops.completeOperation(a, 1);
    expect((await waiting).outcomes).toHaveLength(1);
  });

  it("OPS-11 an unfinished wait that is dropped makes room for another at once [O12]", async () => {
    const stage = await openStage();
    const ops = await registryOf(stage);
    const a = await begin(ops, "a");
    const dropping = new AbortController();
    const dropped = rejection(ops.waitAll([a], { signal: dropping.signal }));
    await stage.world.settle();

    dropping.abort(new Error("not needed"));
    const next = ops.waitAll([a]);

    expect(await dropped).toMatchObject({ message: "not needed" });
    await stage.world.settle();
    await ops.completeOperation(a, 1);
    expect((await next).outcomes).toHaveLength(1);
  });

  it("gives a wait up by its id, once, and rejects whoever was in it", async () => {
    const stage = await openStage();
    const ops = await registryOf(stage);
    const a = await begin(ops, "a");
    const given = rejection(ops.waitAll([a]));
    await stage.world.settle();
    const { details } = (await rejection(ops.waitAll([a]))) as { details: { waitId: never } };

    await ops.cancelWait(details.waitId);

    expect(await given).toMatchObject({ code: "operation.wait_not_active" });
    expect(await rejection(ops.cancelWait(details.waitId))).toMatchObject({ code: "operation.wait_not_active" });
  });

  it("OPS-22 a wait for more operations than are kept resolves with all their outcomes [O9]", async () => {
    const stage = await openStage();
    const ops = await registryOf(stage, { maxCompleted: 1 });
    const ids = await Promise.all(Array.from({ length: 130 }, (_, index) => begin(ops, `tool ${index}`)));
    const waiting = ops.waitAll(ids);
    await stage.world.settle();

    for (const id of ids) await ops.completeOperation(id, id);
    // What comes after them brings the registry back within its bounds.
    for (const name of ["x", "y", "z"]) await ops.completeOperation(await begin(ops, name), name);

    const { outcomes } = await waiting;
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(ids.map((id) => ({ kind: "completed", result: id })));
    expect((await ops.listOperations()).map(({ operationId }) => operationId)).toEqual(["z"]);
  });

  it("lets another wait begin when the process that waited is gone [O12]", async () => {
    const stage = await openStage();
    const ops = await registryOf(stage);
    const a = await begin(ops, "a");
    const waiter = await stage.process("waiter");
    void rejection((await waiter.runtime.prepareBindings(stage.ref)).ops.waitAll([a]));
    await stage.world.advance(25_000);
    expect(await rejection(ops.waitAll([a]))).toMatchObject({ code: "operation.wait_active" });
    waiter.kill();

    await stage.world.advance(31_000);
    const next = ops.waitAll([a]);
    await stage.world.settle();
    await ops.completeOperation(a, 1);

    expect((await next).outcomes).toHaveLength(1);
  });
}

function describeRecovery(openStage: OpenStage): void {
  it("OPS-19 OPS-20 OPS-21 after a crash ended operations are kept, others stripped, and epoch, feed and cursor go on [O10, O11, O13]", async () => {
    const stage = await openStage();
    const first = await stage.process("first");
    const ops = await registryOf(stage, undefined, first);
    const [seen, unseen, running] = [await begin(ops, "seen"), await begin(ops, "unseen"), await begin(ops, "running")];
    await ops.completeOperation(seen, 1);
    await ops.failOperation(unseen, "no");
    await ops.cursors.advanceAgentApplied(1);
    void rejection(ops.waitAll([running]));
    const witness = await (await stage.sender.runtime.prepareBindings(stage.ref)).ops.registerWatcher(running);
    await stage.world.settle();
    first.kill();
    await stage.world.advance(31_000);

    const cold = await stage.process("cold");
    await cold.runtime.registerSession(stage.ref);
    const recovered = await cold.runtime.prepareBindings(stage.ref);

    expect(recovered.epochId).toBe(ops.epochId);
    const kept = await recovered.ops.listOperations();
    expect(kept.map(({ operationId, status }) => [operationId, status])).toEqual([
      ["seen", "completed"],
      ["unseen", "failed"],
    ]);
    const { agentApplied } = await recovered.cursors.read();
    const { entries, watermark } = await recovered.ops.listSince(agentApplied);
    expect([agentApplied, watermark, entries.map(({ operationId }) => operationId)]).toEqual([1, 2, ["unseen"]]);
    expect(await witness.outcome).toEqual({ kind: "terminated", reason: "owner_lost" });
    const free = await begin(recovered.ops, "next");
    await recovered.ops.completeOperation(free, 1);
    expect((await recovered.ops.waitAll([free])).outcomes).toHaveLength(1);
  });

  it.each(["register", "ensure"] as const)("OPS-21 a cold process restores the epoch by %s", async (by) => {
    const stage = await openStage();
    const first = await stage.process("first");
    const ops = await registryOf(stage, undefined, first);
    await ops.completeOperation(await begin(ops, "done"), 1);
    await begin(ops, "lost");
    first.kill();
    await stage.world.advance(31_000);

    if (by === "register") await stage.register();
    else await stage.bind();
    const recovered = await stage.sender.runtime.opsLifecycleRegistry(stage.ref);

    expect(recovered?.epochId).toBe(ops.epochId);
    expect((await recovered?.listOperations())?.map(({ operationId }) => operationId)).toEqual(["done"]);
  });

  it("keeps operations of a process that is there, however long they take [O10]", async () => {
    const stage = await openStage();
    const ops = await registryOf(stage);
    await begin(ops, "long");
    const other = await stage.process("other");

    await stage.world.advance(300_000);
    const seen = await (await other.runtime.prepareBindings(stage.ref)).ops.listOperations();

    expect(seen).toMatchObject([{ operationId: "long", status: "running" }]);
  });

  it("keeps an operation that another process reports of when the one that registered it is gone [O10]", async () => {
    const stage = await openStage();
    const first = await stage.process("first");
    await (await registryOf(stage, undefined, first)).register({
      operationId: op("handed over"),
      kind: "background_tool_op",
      displayName: "tool",
    });
    const ops = await registryOf(stage);
    await ops.provisioningSucceeded(op("handed over"));
    first.kill();

    await stage.world.advance(120_000);

    expect(await ops.completeOperation(op("handed over"), 1)).toMatchObject({ status: "completed" });
  });
}
