import { AppError, type ControlVerb, isAppError, type Outcome } from "@holdfast/contracts";
import { binding, createIds, prompt, sessionRef } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import type { Store } from "../src/index.ts";
import { answeringBehind, Door, withLedger } from "./support/calls.ts";
import { executor, holding, recording } from "./support/executors.ts";
import { rejection } from "./support/rejection.ts";
import { keyed, send } from "./support/send.ts";
import { createWorld, type ProcessOptions } from "./support/world.ts";

const ref = sessionRef("chat/42");
const ids = createIds();
const TICK_MS = 250;

/** A world with a client, and a worker whose turns wait for the test. */
async function withTurn(options: { client?: ProcessOptions; binding?: ReturnType<typeof binding> } = {}) {
  const world = createWorld();
  const client = await world.start("client", options.client);
  await client.runtime.ensureSessionWithExecutor(ref, options.binding ?? binding());
  const host = holding();
  const worker = await world.start("worker", { executors: [host.executor] });
  return { world, client, worker, host };
}

describe("a waiter", () => {
  it("learns in its own process how an input ended in another (G9)", async () => {
    const { world, client, host } = await withTurn();
    const { completion } = await send(client, ref);
    await world.advance(100);

    host.last().answer({ kind: "completed", output: { text: "hi" } });
    await world.advance(1);

    expect(await completion).toEqual({
      kind: "completed",
      runId: host.last().turn.runId,
      position: 1,
      output: { text: "hi" },
    });
    expect(client.calls.watch).toBe(0);
  });

  it("joins others of the same key in other processes, and all learn the same of one run (G7, G9)", async () => {
    const { world, client, host } = await withTurn();
    const other = await world.start("other");
    const waits = [
      (await send(client, ref, keyed("a"))).completion,
      (await send(other, ref, keyed("a"))).completion,
      (await send(other, ref, keyed("a"))).completion,
      client.runtime.waitForOutcome(ref, { key: "a" }),
    ];
    await world.advance(100);

    host.last().answer({ kind: "completed", output: 1 });
    await world.advance(1);

    const [first, ...others] = await Promise.all(waits);
    expect(first).toMatchObject({ kind: "completed", output: 1 });
    expect(others).toEqual([first, first, first]);
    expect(host.turns).toHaveLength(1);
  });

  it("learns from the ledger what ended before it asked, at any later time and in any process (W2)", async () => {
    const { world, client, host } = await withTurn();
    await client.runtime.acceptInput(ref, keyed("a"));
    await world.advance(100);
    host.last().answer({ kind: "completed", output: 1 });
    await world.advance(3_600_000);
    const late = await world.start("late");

    const outcome = await late.runtime.waitForOutcome(ref, { key: "a" });

    expect(outcome).toMatchObject({ kind: "completed", output: 1 });
    expect(late.calls.watch).toBe(1);
  });

  it("misses nothing that happens between its question and the answer (W2)", async () => {
    const door = new Door();
    const wrap = answeringBehind(door, "watch");
    const { world, client, host } = await withTurn({ client: { wrap } });
    door.close();
    await client.runtime.acceptInput(ref, keyed("a"));
    await world.advance(100);
    const outcome = client.runtime.waitForOutcome(ref, { key: "a" });
    // The ledger has noted who waits; that nothing has ended is on its way back.
    await world.settle();

    host.last().answer({ kind: "completed", output: 1 });
    await world.advance(1);
    door.open();
    await world.settle();

    expect(await outcome).toMatchObject({ kind: "completed", output: 1 });
  });

  it("settles once, however often it is told (W1)", async () => {
    const { world, client, worker, host } = await withTurn();
    const { completion } = await send(client, ref);
    await world.advance(100);
    const { runId } = host.last().turn;
    host.last().answer({ kind: "completed", output: 1 });
    await world.advance(1);
    const outcome = (await completion) as Extract<Outcome, { kind: "completed" }>;

    const { items } = await client.runtime.listInputs(ref, { after: 0, limit: 1 });
    world.store.notifier.publish(client.node, {
      type: "input.settled",
      ref,
      inputId: (items[0] as (typeof items)[number]).inputId,
      outcome: { kind: "completed", runId, position: 1, output: "another" },
    });
    world.notices.setHealthy(false);
    world.notices.setHealthy(true);
    await world.advance(60_000);

    expect(await completion).toEqual(outcome);
    expect([client.calls.watch, worker.calls.watch]).toEqual([0, 0]);
  });

  it("reads an outcome that is too large to be sent", async () => {
    const { world, client, host } = await withTurn();
    const { completion } = await send(client, ref);
    await world.advance(100);
    const output = "x".repeat(10_000);

    host.last().answer({ kind: "completed", output });
    await world.advance(1);

    expect(await completion).toMatchObject({ output });
    expect(client.calls.watch).toBe(1);
  });

  it("is told why an input ended that was never run", async () => {
    const { world, client } = await withTurn();
    const { completion } = await send(client, ref);
    await world.advance(100);

    await client.runtime.control(ref, { verb: "stop", requestId: ids.request() });

    expect(await completion).toEqual({ kind: "abandoned", reason: "stopped", attempts: 1 });
  });
});

describe("a waiter of an input that will never run", () => {
  it.each<[Exclude<ControlVerb, "interrupt">, string]>([
    ["reset", "reset"],
    ["stop", "stopped"],
    ["destroy", "destroyed"],
  ])("does not hang after %s, wherever it waits (G9)", async (verb, reason) => {
    const world = createWorld();
    const [client, other] = [await world.start("client"), await world.start("other")];
    await client.runtime.ensureSessionWithExecutor(ref, binding());
    const { completion } = await send(client, ref, keyed("a"));
    const joined = other.runtime.waitForOutcome(ref, { key: "a" });
    await world.settle();

    await other.runtime.control(ref, { verb, requestId: ids.request() });
    await world.advance(1);

    expect(await Promise.all([completion, joined])).toEqual([
      { kind: "abandoned", reason, attempts: 0 },
      { kind: "abandoned", reason, attempts: 0 },
    ]);
  });

  it("does not hang after destroy when nobody tells it and the rows are gone (G9)", async () => {
    const world = createWorld();
    const [client, other] = [await world.start("client"), await world.start("other")];
    await client.runtime.ensureSessionWithExecutor(ref, binding());
    const { completion } = await send(client, ref);
    world.notices.setDrop(() => true);

    await other.runtime.control(ref, { verb: "destroy", requestId: ids.request() });
    await world.advance(20_000);

    expect(await completion).toEqual({ kind: "abandoned", reason: "destroyed", attempts: 0 });
  });

  it("does not hang when a session that nobody will ever drain retires (G9)", async () => {
    const world = createWorld();
    const client = await world.start("client");
    await client.runtime.registerSession(ref);
    const { completion } = await send(client, ref);

    await client.runtime.control(ref, { verb: "retire", requestId: ids.request() });

    expect(await completion).toEqual({ kind: "abandoned", reason: "retired", attempts: 0 });
  });
});

describe("looking again (W4)", () => {
  it("finds an outcome whose notification was lost, within a lease, a grace, a poll and a tick", async () => {
    const { world, client, host } = await withTurn();
    const { completion } = await send(client, ref);
    await world.advance(100);
    world.notices.setDrop((_node, message) => message.type === "input.settled");
    const { leaseMs, graceMs, sweepPollMs } = world.timing;

    host.last().answer({ kind: "completed", output: 1 });
    await world.advance(leaseMs + graceMs + sweepPollMs + TICK_MS);

    expect(await completion).toMatchObject({ kind: "completed", output: 1 });
    expect(client.calls.watch).toBe(1);
  });

  it("is not done while notifications arrive, but for a slow second look", async () => {
    const { world, client, host } = await withTurn();
    const { completion } = await send(client, ref);
    const { leaseMs, graceMs, sweepPollMs } = world.timing;
    const slowly = leaseMs + graceMs + sweepPollMs;

    await world.advance(slowly - 1);
    const before = client.calls.watch;
    await world.advance(4 * slowly);
    const after = client.calls.watch;
    host.last().answer({ kind: "completed" });
    await world.advance(1);
    await completion;

    expect(before).toBe(0);
    expect(after).toBe(4);
  });

  it("is done at every tick while notifications do not arrive, and no more once they do", async () => {
    const { world, client } = await withTurn();
    await send(client, ref);
    await send(client, ref);
    world.notices.setHealthy(false);

    await world.advance(10_000);
    const polled = client.calls.watch;
    world.notices.setHealthy(true);
    await world.settle();
    const looked = client.calls.watch;
    await world.advance(10_000);

    expect(polled).toBe(2 * (10_000 / TICK_MS));
    expect(looked).toBe(polled + 2);
    expect(client.calls.watch).toBe(looked);
  });

  it("finds an outcome of the time in which notifications were lost as soon as they arrive again", async () => {
    const { world, client, host } = await withTurn();
    const { completion } = await send(client, ref);
    await world.advance(100);
    world.notices.setDrop((_node, message) => message.type === "input.settled");
    host.last().answer({ kind: "completed", output: 1 });
    await world.advance(1);

    // The connection breaks and comes back before any tick.
    world.notices.setHealthy(false);
    world.notices.setHealthy(true);
    await world.settle();

    expect(await completion).toMatchObject({ kind: "completed", output: 1 });
  });

  it("outlives an outage of the store", async () => {
    let isOut = false;
    const wrap = withLedger((ledger) => ({
      watch: async (command) => {
        if (isOut) throw new AppError("store.unavailable");
        return ledger.watch(command);
      },
    }));
    const { world, client, host } = await withTurn({ client: { wrap } });
    const { completion } = await send(client, ref);
    await world.advance(100);
    world.notices.setHealthy(false);
    isOut = true;
    host.last().answer({ kind: "completed", output: 1 });
    await world.advance(30_000);

    isOut = false;
    await world.advance(TICK_MS);

    expect(await completion).toMatchObject({ kind: "completed", output: 1 });
    expect(client.reports).toContainEqual(expect.objectContaining({ level: "warn", phrase: "outcome check failed" }));
  });

  it("outlives an outage in which nobody can say which input a key names (G9)", async () => {
    let isOut = false;
    const wrap = (store: Store): Store => ({
      ...store,
      witnesses: {
        ...store.witnesses,
        ownerOf: async (...question) => {
          if (isOut) throw new AppError("store.unavailable");
          return store.witnesses.ownerOf(...question);
        },
      },
    });
    const { world, client, host } = await withTurn({ client: { wrap } });
    await client.runtime.acceptInput(ref, { ...keyed("a"), id: "inp_of_its_own" });
    await world.advance(100);
    world.notices.setHealthy(false);
    isOut = true;
    const outcome = client.runtime.waitForOutcome(ref, { key: "a" });
    const limited = rejection(client.runtime.waitForOutcome(ref, { key: "a" }, { timeoutMs: 5_000 }));
    host.last().answer({ kind: "completed", output: 1 });
    await world.advance(30_000);

    isOut = false;
    await world.advance(TICK_MS);

    expect(await limited).toMatchObject({ code: "wait.timeout" });
    expect(await outcome).toMatchObject({ kind: "completed", output: 1 });
  });

  it("heeds no answer that a later look has overtaken (G9)", async () => {
    const door = new Door();
    door.close();
    let looks = 0;
    const wrap = withLedger((ledger) => ({
      watch: async (command) => {
        const reply = await ledger.watch(command);
        looks += 1;
        if (looks === 1) await door.pass();
        return reply;
      },
    }));
    const { world, client, host } = await withTurn({ client: { wrap } });
    world.notices.setHealthy(false);
    const outcome = client.runtime.waitForOutcome(ref, { key: "late" });
    await world.settle();
    await client.runtime.acceptInput(ref, keyed("late"));
    await world.advance(TICK_MS);

    door.open();
    await world.settle();
    host.last().answer({ kind: "completed", output: 2 });
    await world.advance(TICK_MS);

    expect(await outcome).toMatchObject({ kind: "completed", output: 2 });
  });

  it("ends with the last waiter: a process in which nobody waits does nothing", async () => {
    const { world, client, host } = await withTurn();
    const { completion } = await send(client, ref);
    await world.advance(100);
    host.last().answer();
    await world.advance(TICK_MS);
    await completion;
    world.notices.setHealthy(false);

    await world.advance(60_000);

    expect(client.calls.watch).toBe(0);
  });
});

describe("a wait", () => {
  it("ends after its time with the work going on, and can be taken up again", async () => {
    const { world, client, host } = await withTurn();
    await client.runtime.acceptInput(ref, keyed("a"));
    const wait = rejection(client.runtime.waitForOutcome(ref, { key: "a" }, { timeoutMs: 5_000 }));

    await world.advance(5_000);
    const error = await wait;
    host.last().answer({ kind: "completed", output: 1 });
    await world.advance(1);

    expect(isAppError(error, "wait.timeout")).toBe(true);
    expect(error).toMatchObject({ details: { timeoutMs: 5_000 } });
    expect(await client.runtime.waitForOutcome(ref, { key: "a" })).toMatchObject({ kind: "completed", output: 1 });
  });

  it("ends when the caller gives up, with the caller's reason", async () => {
    const { client, world } = await withTurn();
    await client.runtime.acceptInput(ref, keyed("a"));
    const controller = new AbortController();
    const wait = rejection(client.runtime.waitForOutcome(ref, { key: "a" }, { signal: controller.signal }));
    await world.settle();

    controller.abort(new Error("gone home"));

    expect(await wait).toMatchObject({ message: "gone home" });
  });

  it("ends at once for a caller that had given up before", async () => {
    const { client } = await withTurn();
    await client.runtime.acceptInput(ref, keyed("a"));

    const wait = client.runtime.waitForOutcome(ref, { key: "a" }, { signal: AbortSignal.abort(new Error("late")) });

    expect(await rejection(wait)).toMatchObject({ message: "late" });
  });

  it("leaves neither a timer nor a listener behind when the outcome comes first", async () => {
    const { world, client, host } = await withTurn();
    await client.runtime.acceptInput(ref, keyed("a"));
    await world.advance(100);
    host.last().answer();
    await world.advance(TICK_MS);
    const controller = new AbortController();
    const listeners = new Set<unknown>();
    const { signal } = controller;
    signal.addEventListener = (_type: string, listener: unknown) => void listeners.add(listener);
    signal.removeEventListener = (_type: string, listener: unknown) => void listeners.delete(listener);
    const before = world.clock.pending();

    await client.runtime.waitForOutcome(ref, { key: "a" }, { timeoutMs: 3_600_000, signal });
    await world.advance(TICK_MS);

    expect(listeners.size).toBe(0);
    expect(world.clock.pending()).toBe(before);
  });

  it.each([
    ["a session that does not exist", sessionRef("nowhere"), "session.not_found"],
    ["an input that does not exist", ref, "input.not_found"],
  ])("for %s is refused", async (_what, target, code) => {
    const { client } = await withTurn();

    const error = await rejection(client.runtime.waitForOutcome(target, { key: "never sent" }));

    expect(error).toMatchObject({ code });
  });

  it("ends with its process: ask again with the same key, elsewhere", async () => {
    const { world, client, host } = await withTurn();
    const { completion } = await send(client, ref, keyed("a"));
    const wait = rejection(completion);
    await world.advance(100);

    await client.stop({ graceMs: 0 });
    host.last().answer({ kind: "completed", output: 1 });
    await world.advance(1);
    const other = await world.start("other");

    expect(isAppError(await wait, "runtime.terminated")).toBe(true);
    expect(await other.runtime.waitForOutcome(ref, { key: "a" })).toMatchObject({ kind: "completed", output: 1 });
  });
});

it("answers a failed admission without leaving a waiter behind", async () => {
  const world = createWorld();
  const client = await world.start("client");
  const before = world.clock.pending();

  const error = await rejection(client.runtime.acceptInputWithCompletion(ref, prompt("hello")));
  await world.advance(TICK_MS);

  expect(isAppError(error, "session.not_found")).toBe(true);
  expect(world.clock.pending()).toBe(before);
});

it("answers the sender itself when sender and worker are one process", async () => {
  const world = createWorld();
  const both = await world.start("both", { executors: [recording()] });
  world.notices.setDrop(() => true);

  const { completion } = await both.runtime.acceptInputWithCompletion(ref, prompt("hello"), { createWith: binding() });

  expect(await completion).toMatchObject({ kind: "completed", output: "hello" });
});

it("tells every contributor of a batch, each in its process", async () => {
  const world = createWorld();
  const [one, other] = [await world.start("one"), await world.start("other")];
  await one.runtime.ensureSessionWithExecutor(ref, binding());
  const { completion: first } = await send(one, ref, prompt("one"));
  const { completion: second } = await send(other, ref, prompt("two"));
  await world.start("worker", {
    executors: [executor(({ inputs }) => ({ kind: "completed", output: inputs.length }), { maxBatch: 10 })],
  });
  await world.advance(3_000);

  const outcomes = await Promise.all([first, second]);

  expect(outcomes).toMatchObject([
    { kind: "completed", output: 2, position: 1 },
    { kind: "completed", output: 2, position: 1 },
  ]);
});
