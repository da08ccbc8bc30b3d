import { createIds, nodeId, prompt } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import type { NodeMessage } from "../src/index.ts";
import { ref, withSession } from "./support/bound-session.ts";
import { withLedger } from "./support/calls.ts";
import { executor, holding, recording } from "./support/executors.ts";
import { send } from "./support/send.ts";
import { createWorld, type World } from "./support/world.ts";

const ids = createIds();

/** Keeps every message between processes. */
function recordMessages(world: World) {
  const messages: { readonly node: string; readonly message: NodeMessage }[] = [];
  world.notices.setDrop((node, message) => {
    messages.push({ node, message });
    return false;
  });
  const typesTo = (node: string) => messages.filter((sent) => sent.node === node).map(({ message }) => message.type);
  return { messages, typesTo };
}

describe("what was committed", () => {
  it("is told to the processes that wait for it or follow it, and to no other", async () => {
    const { world, sender } = await withSession();
    const [follower, bystander] = [await world.start("follower"), await world.start("bystander")];
    await world.start("worker", { executors: [recording()] });
    const controller = new AbortController();
    void follower.runtime.followEvents(ref, { after: 0, signal: controller.signal })[Symbol.asyncIterator]().next();
    await world.settle();
    const { typesTo } = recordMessages(world);

    const { completion } = await send(sender, ref);
    await world.settle();

    expect(await completion).toMatchObject({ kind: "completed" });
    expect(typesTo(sender.node)).toEqual(["input.settled"]);
    expect(new Set(typesTo(follower.node))).toEqual(new Set(["session.changed"]));
    expect(typesTo(bystander.node)).toEqual([]);
    controller.abort();
  });

  it("stays within a process that runs what it sends: no message leaves it", async () => {
    const world = createWorld();
    const both = await world.start("both", { executors: [recording()] });
    const { messages } = recordMessages(world);

    const { completion } = await send(both, ref, "hello", { createWith: { executor: "agent", onFailure: "hold" } });

    expect(await completion).toMatchObject({ kind: "completed", output: "hello" });
    expect(messages).toEqual([]);
  });

  it("is told without its output when that is too large to send; the waiter reads it", async () => {
    const { world, sender } = await withSession();
    const output = "x".repeat(10_000);
    await world.start("worker", { executors: [executor(() => ({ kind: "completed", output }))] });
    const { messages } = recordMessages(world);

    const { completion } = await send(sender, ref);
    await world.settle();

    const settled = messages.map(({ message }) => message).find(({ type }) => type === "input.settled");
    expect(settled).not.toHaveProperty("outcome");
    expect(await completion).toMatchObject({ output });
  });

  it("by nobody's wish is told to nobody: an input that is not awaited sends no message", async () => {
    const { world, sender } = await withSession();
    await world.start("worker", { executors: [recording()] });
    const { messages } = recordMessages(world);

    await sender.runtime.acceptInput(ref, prompt("hello"));
    await world.advance(1_000);

    expect(messages).toEqual([]);
  });

  it("while a dead worker was buried is told when the session is claimed: its waiters need not ask (G9)", async () => {
    const world = createWorld({ budget: { maxLosses: 1 } });
    const sender = await world.start("sender");
    await sender.runtime.ensureSessionWithExecutor(ref, { executor: "agent", onFailure: "hold" });
    const dead = await world.start("dead", { executors: [holding().executor] });
    const { completion } = await send(sender, ref);
    await world.settle();
    dead.kill();
    const watches = sender.calls.watch;
    await world.start("next", { executors: [recording()] });
    const { typesTo } = recordMessages(world);

    await world.advance(world.timing.leaseMs + world.timing.graceMs + 2 * world.timing.sweepPollMs);

    expect(await completion).toMatchObject({ kind: "abandoned", reason: "executor_lost" });
    expect(typesTo(sender.node)).toEqual(["input.settled"]);
    expect(sender.calls.watch).toBe(watches);
  });
});

describe("nothing is published of what was refused", () => {
  it("whether a settlement came too late", async () => {
    const { world, sender } = await withSession();
    const host = holding();
    await world.start("worker", { executors: [host.executor] });
    await send(sender, ref);
    await world.settle();
    world.notices.setDrop((_node, message) => message.type === "run.abort");
    await sender.runtime.control(ref, { verb: "stop", requestId: ids.request() });
    await world.settle();
    const { messages } = recordMessages(world);

    host.last().answer({ kind: "completed", output: "too late" });
    await world.settle();

    expect(messages).toEqual([]);
  });

  it("or its answer never came", async () => {
    const { world, sender } = await withSession();
    const wrap = withLedger((ledger) => ({
      advance: async (command) => {
        await ledger.advance(command);
        return new Promise(() => {});
      },
    }));
    const host = holding();
    await world.start("worker", { executors: [host.executor], wrap });
    await send(sender, ref);
    await world.settle();
    const { typesTo } = recordMessages(world);

    host.last().answer({ kind: "completed" });
    await world.clock.advance(1_000);

    expect(typesTo(sender.node)).toEqual([]);
  });
});

it("tells each process once of each input, however many wait there", async () => {
  const { world, sender } = await withSession();
  const host = holding();
  await world.start("worker", { executors: [host.executor] });
  const { inputId } = await send(sender, ref);
  const waits = [1, 2, 3].map(() => sender.runtime.waitForOutcome(ref, { inputId }));
  await world.settle();
  const { typesTo } = recordMessages(world);

  host.last().answer({ kind: "completed", output: 1 });
  await world.settle();

  expect(await Promise.all(waits)).toMatchObject([{ output: 1 }, { output: 1 }, { output: 1 }]);
  expect(typesTo(sender.node)).toEqual(["input.settled"]);
  expect(typesTo(nodeId("worker"))).toEqual([]);
});
