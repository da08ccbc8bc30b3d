/** The registry of background operations: their lives, their limits, and who is told of their ends. */
import type { OperationId, OperationSnapshot, SessionSettings } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import type { OperationRegistry } from "../../src/index.ts";
import { executor } from "../support/executors.ts";
import { rejection } from "../support/rejection.ts";
import type { TestProcess } from "../support/world.ts";
import type { OpenStage, Stage } from "./stage.ts";

/** Proves the scenarios of single operations and of the registry's bounds on a store. */
export function describeOperations(openStage: OpenStage): void {
  describe("operations", () => {
    describeLives(openStage);
  });
  describe("refused moves of operations", () => {
    describeRefusals(openStage);
  });
  describe("bounds of the registry", () => {
    describeBounds(openStage);
  });
}

/** An operation by its name. */
export function op(name: string): OperationId {
  return name as OperationId;
}

/** The registry of the stage's session, registered with these bounds. */
export async function registryOf(
  stage: Stage,
  operations?: SessionSettings["operations"],
  { runtime }: TestProcess = stage.sender,
): Promise<OperationRegistry> {
  const settings = { silentIntents: [], ...(operations === undefined ? {} : { operations }) };
  await runtime.registerSession(stage.ref, { settings });
  return (await runtime.prepareBindings(stage.ref)).ops;
}

/** Begins an operation and lets it run. */
export async function begin(
  ops: OperationRegistry,
  name: string,
  kind: "background_tool_op" | "mob_member_child" = "background_tool_op",
): Promise<OperationId> {
  await ops.register({ operationId: op(name), kind, displayName: name });
  await ops.provisioningSucceeded(op(name));
  return op(name);
}

function statuses(found: readonly OperationSnapshot[]): Record<string, string> {
  return Object.fromEntries(found.map(({ operationId, status }) => [operationId, status]));
}

function describeLives(openStage: OpenStage): void {
  it("OPS-01 a child agent is provisioned, reports, becomes a peer and completes, and its watcher gets the result", async () => {
    const stage = await openStage();
    const ops = await registryOf(stage);
    const id = op("child");

    const registered = await ops.register({
      operationId: id,
      kind: "mob_member_child",
      displayName: "researcher",
      childSessionId: "child/1",
    });
    const watch = await ops.registerWatcher(id);
    const running = await ops.provisioningSucceeded(id);
    const progressed = await ops.reportProgress(id);
    const ready = await ops.peerReady(id, { address: "peer:1" });
    const completed = await ops.completeOperation(id, { answer: 42 });

    const seen = [registered, running, progressed, ready, completed];
    expect(seen.map(({ status }) => status)).toEqual(["provisioning", "running", "running", "running", "completed"]);
    expect(registered).toMatchObject({ childSessionId: "child/1", isPeerReady: false, peerHandle: null });
    expect(progressed.progressCount).toBe(1);
    expect(ready).toMatchObject({ isPeerReady: true, peerHandle: { address: "peer:1" } });
    expect(await watch.outcome).toEqual({ kind: "completed", result: { answer: 42 } });
  });

  it("OPS-02 whoever watches an operation that fails, is cancelled or retires sees how it ended", async () => {
    const stage = await openStage();
    const ops = await registryOf(stage);
    const names = ["fails", "cancelled", "retires", "not provisioned", "aborted"];
    for (const name of names)
      await ops.register({ operationId: op(name), kind: "background_tool_op", displayName: "x" });
    for (const name of names.slice(0, 3)) await ops.provisioningSucceeded(op(name));
    const watches = await Promise.all(names.map((name) => ops.registerWatcher(op(name))));

    await ops.failOperation(op("fails"), "out of disk");
    await ops.cancelOperation(op("cancelled"), "not needed");
    await ops.requestRetire(op("retires"));
    await ops.markRetired(op("retires"));
    await ops.provisioningFailed(op("not provisioned"), "no room");
    await ops.abortProvisioning(op("aborted"));

    expect(await Promise.all(watches.map(({ outcome }) => outcome))).toEqual([
      { kind: "failed", error: "out of disk" },
      { kind: "cancelled", reason: "not needed" },
      { kind: "retired" },
      { kind: "failed", error: "no room" },
      { kind: "aborted" },
    ]);
  });

  it("OPS-03 every operation in progress is terminated when its owner ends, and each watcher is told once [O6]", async () => {
    const stage = await openStage();
    const ops = await registryOf(stage);
    const names = Array.from({ length: 105 }, (_, index) => `tool ${index}`);
    for (const name of names)
      await ops.register({ operationId: op(name), kind: "background_tool_op", displayName: name });
    await ops.provisioningSucceeded(op("tool 0"));
    const told: string[] = [];
    for (const name of ["tool 0", "tool 104"]) {
      const watch = await ops.registerWatcher(op(name));
      void watch.outcome.then(({ kind }) => told.push(`${name} ${kind}`));
    }

    const count = await ops.terminateOwner("the agent is gone");
    const again = await ops.terminateOwner("the agent is gone");
    await stage.world.settle();

    expect([count, again]).toEqual([105, 0]);
    expect(told.sort()).toEqual(["tool 0 terminated", "tool 104 terminated"]);
    const { entries } = await ops.listSince(0);
    expect(new Set(entries.map(({ outcome }) => JSON.stringify(outcome)))).toEqual(
      new Set(['{"kind":"terminated","reason":"the agent is gone"}']),
    );
    expect(entries).toHaveLength(105);
  });

  it.each(["mob_member_child", "background_tool_op"] as const)(
    "OPS-05 FRM-06 events of a %s are admitted as operation inputs, consumed at once, and start no run",
    async (kind) => {
      const stage = await openStage();
      await stage.bind();
      const turns: unknown[] = [];
      await stage.worker(
        "worker",
        executor((turn) => (turns.push(turn), { kind: "completed" })),
      );
      const ops = (await stage.sender.runtime.prepareBindings(stage.ref)).ops;
      const operationId = await begin(ops, "work", kind);

      for (const type of ["provisioned", "progress", "completed"] as const) {
        const input = { kind: "operation", operationId, event: { type } } as const;
        const admission = await stage.sender.runtime.acceptInput(stage.ref, input);
        expect(admission).toMatchObject({ kind: "accepted", status: "consumed", signal: "none" });
      }
      await stage.world.advance(5_000);

      expect(turns).toEqual([]);
      expect(await stage.sender.runtime.findSession(stage.ref)).toMatchObject({ state: "attached", queued: 0 });
    },
  );

  it("OPS-17 a snapshot after completion has all its times and the handle of the peer", async () => {
    const stage = await openStage();
    const ops = await registryOf(stage);
    await ops.register({ operationId: op("child"), kind: "mob_member_child", displayName: "child" });
    await stage.world.advance(1_000);
    await ops.provisioningSucceeded(op("child"));
    await ops.peerReady(op("child"), "peer:7");
    await stage.world.advance(2_500);
    await ops.completeOperation(op("child"), null);
    await stage.world.advance(60_000);

    const snapshot = await ops.snapshot(op("child"));

    const { createdAt, startedAt, completedAt } = snapshot;
    expect([(startedAt ?? 0) - createdAt, (completedAt ?? 0) - createdAt]).toEqual([1_000, 3_500]);
    expect(snapshot).toMatchObject({ elapsedMs: 2_500, peerHandle: "peer:7", watcherCount: 0, status: "completed" });
  });

  it("answers the same end said again as the first time, and another end as refused [O8]", async () => {
    const stage = await openStage();
    const ops = await registryOf(stage);
    const id = await begin(ops, "tool");
    const first = await ops.completeOperation(id, { b: 1, a: 2 });

    const again = await ops.completeOperation(id, { a: 2, b: 1 });
    const other = await rejection(ops.completeOperation(id, { a: 3 }));

    expect(again).toEqual(first);
    expect(other).toMatchObject({ code: "operation.invalid_transition" });
    expect((await ops.listSince(0)).watermark).toBe(1);
  });

  it("counts a sign of life once for each request, however often it is sent [O8]", async () => {
    const stage = await openStage();
    const ops = await registryOf(stage);
    const id = await begin(ops, "tool");

    for (const requestId of ["a,b", "a", "a,b", "b"]) await ops.reportProgress(id, { requestId: requestId as never });

    expect((await ops.snapshot(id)).progressCount).toBe(3);
  });
}

function describeRefusals(openStage: OpenStage): void {
  it("OPS-14 a background tool is never expected to become a peer", async () => {
    const stage = await openStage();
    const ops = await registryOf(stage);
    const id = await begin(ops, "tool");

    expect(await rejection(ops.peerReady(id, "peer:1"))).toMatchObject({ code: "operation.peer_not_expected" });
  });

  it("OPS-15 an operation that is still provisioned does not complete", async () => {
    const stage = await openStage();
    const ops = await registryOf(stage);
    await ops.register({ operationId: op("tool"), kind: "background_tool_op", displayName: "tool" });

    expect(await rejection(ops.completeOperation(op("tool"), 1))).toMatchObject({
      code: "operation.invalid_transition",
      details: { status: "provisioning", action: "complete" },
    });
  });

  it("OPS-16 a retiring operation still reports, becomes a peer and completes", async () => {
    const stage = await openStage();
    const ops = await registryOf(stage);
    const id = await begin(ops, "child", "mob_member_child");
    await ops.requestRetire(id);

    await ops.reportProgress(id);
    const ready = await ops.peerReady(id, "peer:1");
    const completed = await ops.completeOperation(id, "done");

    expect([ready.status, completed.status]).toEqual(["retiring", "completed"]);
    expect(completed).toMatchObject({ progressCount: 1, isPeerReady: true });
  });

  it("OPS-18 a refused move leaves the operation, the feed and the count as they were [O7]", async () => {
    const stage = await openStage();
    const ops = await registryOf(stage, { maxConcurrent: 2, maxCompleted: 10 });
    const [running, ended] = [await begin(ops, "running", "mob_member_child"), await begin(ops, "ended")];
    await ops.peerReady(running, "peer:1");
    await ops.failOperation(ended, "no");
    const before = [await ops.snapshot(running), await ops.snapshot(ended), await ops.listSince(0)];

    const refusals = await Promise.all([
      rejection(ops.provisioningSucceeded(running)),
      rejection(ops.peerReady(running, "peer:2")),
      rejection(ops.abortProvisioning(running)),
      rejection(ops.completeOperation(ended, 1)),
      rejection(ops.requestRetire(ended)),
      rejection(ops.cancelOperation(ended)),
      rejection(ops.reportProgress(op("unknown"))),
    ]);

    expect(refusals.map((error) => (error as { code?: string }).code)).toEqual([
      "operation.invalid_transition",
      "operation.already_peer_ready",
      "operation.invalid_transition",
      "operation.invalid_transition",
      "operation.invalid_transition",
      "operation.invalid_transition",
      "operation.not_found",
    ]);
    const after = [await ops.snapshot(running), await ops.snapshot(ended), await ops.listSince(0)];
    expect(after.map(withoutNow)).toEqual(before.map(withoutNow));
    await begin(ops, "second");
    expect(await rejection(begin(ops, "third"))).toMatchObject({ code: "operation.limit_reached" });
  });

  it("FRM-14 trust in a child agent that became a peer is established exactly once, whoever reports it", async () => {
    const stage = await openStage();
    const ops = await registryOf(stage);
    const other = await stage.process("other");
    const theirs = (await other.runtime.prepareBindings(stage.ref)).ops;
    const id = await begin(ops, "child", "mob_member_child");
    const trusted: unknown[] = [];
    const handOff = async (registry: OperationRegistry, handle: string): Promise<void> => {
      const { peerHandle } = await registry.peerReady(id, handle);
      trusted.push(peerHandle);
    };

    const tried = await Promise.allSettled([handOff(ops, "peer:1"), handOff(theirs, "peer:1"), handOff(ops, "peer:2")]);

    const refused = tried.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : []));
    expect(refused).toEqual([
      expect.objectContaining({ code: "operation.already_peer_ready" }),
      expect.objectContaining({ code: "operation.already_peer_ready" }),
    ]);
    expect(trusted).toEqual([(await theirs.snapshot(id)).peerHandle]);
  });
}

function withoutNow(found: object): object {
  return { ...found, elapsedMs: null };
}

function describeBounds(openStage: OpenStage): void {
  it("OPS-06 the oldest of three completed operations is evicted where two are kept", async () => {
    const stage = await openStage();
    const ops = await registryOf(stage, { maxCompleted: 2 });
    for (const name of ["first", "second", "third"]) await ops.completeOperation(await begin(ops, name), name);

    const kept = await ops.listOperations();

    expect(statuses(kept)).toEqual({ second: "completed", third: "completed" });
    expect(await rejection(ops.snapshot(op("first")))).toMatchObject({ code: "operation.not_found" });
    expect((await ops.listSince(0)).entries.map(({ operationId }) => operationId)).toEqual([
      "first",
      "second",
      "third",
    ]);
  });

  it("keeps the outcome of an operation in the feed where none is kept at all", async () => {
    const stage = await openStage();
    const ops = await registryOf(stage, { maxCompleted: 0 });
    const id = await begin(ops, "tool");
    const watch = await ops.registerWatcher(id);

    const ended = await ops.completeOperation(id, "result");

    expect(ended).toMatchObject({ status: "completed", outcome: { kind: "completed", result: "result" } });
    expect(await watch.outcome).toEqual({ kind: "completed", result: "result" });
    expect(await ops.listOperations()).toEqual([]);
    expect((await ops.listSince(0)).entries).toMatchObject([{ seq: 1, outcome: { result: "result" } }]);
  });

  it("OPS-12 completed operations are collected in order of completion, and only once", async () => {
    const stage = await openStage();
    const ops = await registryOf(stage);
    const [first, second] = [await begin(ops, "first"), await begin(ops, "second")];
    await begin(ops, "running");
    await ops.completeOperation(second, 2);
    await ops.failOperation(first, "no");

    const collected = await ops.collectCompleted();
    const again = await ops.collectCompleted();

    expect(collected.map(({ operationId, status }) => [operationId, status])).toEqual([
      ["second", "completed"],
      ["first", "failed"],
    ]);
    expect(again).toEqual([]);
    expect(statuses(await ops.listOperations())).toEqual({ running: "running" });
    // The name is free again.
    await begin(ops, "first");
  });

  it("OPS-13 an operation too many is refused with the limit and the count, until one has ended; the same id before that", async () => {
    const stage = await openStage();
    const ops = await registryOf(stage, { maxConcurrent: 2, maxCompleted: 256 });
    const first = await begin(ops, "first");
    await begin(ops, "second");

    const tooMany = await rejection(begin(ops, "third"));
    const known = await rejection(begin(ops, "first"));
    await ops.cancelOperation(first);

    expect(tooMany).toMatchObject({ code: "operation.limit_reached", details: { limit: 2, active: 2 } });
    expect(known).toMatchObject({ code: "operation.already_registered" });
    expect(await begin(ops, "third")).toBe("third");
  });

  it("OPS-13 without a limit any number may be in progress", async () => {
    const stage = await openStage();
    const ops = await registryOf(stage);

    for (let n = 0; n < 300; n += 1) await ops.register({ kind: "background_tool_op", displayName: `tool ${n}` });

    expect(await ops.listOperations()).toHaveLength(300);
  });

  it("OPS-23 whoever reads the feed more slowly than it turns over is told what was dropped", async () => {
    const stage = await openStage();
    const ops = await registryOf(stage, { maxCompleted: 1 });
    for (let n = 1; n <= 1_030; n += 1) {
      await ops.register({ operationId: op(`tool ${n}`), kind: "background_tool_op", displayName: "tool" });
      await ops.cancelOperation(op(`tool ${n}`));
    }

    const { entries, watermark, droppedThrough } = await ops.listSince(2);

    expect([watermark, droppedThrough]).toEqual([1_030, 6]);
    expect([entries[0]?.seq, entries.at(-1)?.seq, entries.length]).toEqual([7, 1_030, 1_024]);
  });
}
