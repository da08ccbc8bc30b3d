import { SCRIPT_BATCH } from "@holdfast/contracts";
import { binding, createIds, event, sessionRef } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import { ref, unavailable, withSession } from "./support/bound-session.ts";
import { Door, withLedger } from "./support/calls.ts";
import { executor, holding, recording } from "./support/executors.ts";
import { send } from "./support/send.ts";
import { createWorld, type TestProcess, type World } from "./support/world.ts";

const ids = createIds();

/** How long one round takes at most: an overdue session, the sweep that finds it. */
function roundOf({ timing }: World): number {
  return timing.sweepDelayMs + 1.5 * timing.sweepPollMs;
}

/** Sends one input to each of many sessions. */
async function sendToMany(world: World, count: number): Promise<{ sender: TestProcess; ended: () => number }> {
  const sender = await world.start("sender");
  let ended = 0;
  for (let n = 1; n <= count; n += 1) {
    const { completion } = await send(sender, sessionRef(`chat/${n}`), "hello", { createWith: binding() });
    void completion.then(() => {
      ended += 1;
    });
  }
  return { sender, ended: () => ended };
}

describe("an overdue session", () => {
  it("is woken again when its wake was lost, within a sweep delay and a poll (G8)", async () => {
    const { world, sender } = await withSession();
    const worker = await world.start("worker", { executors: [recording()] });
    world.wakes.setDrop(() => true);
    const { completion } = await send(sender, ref);
    await world.settle();
    const claims = worker.calls.claim;
    world.wakes.setDrop(null);

    await world.advance(roundOf(world));

    expect(claims).toBe(0);
    expect(await completion).toMatchObject({ kind: "completed" });
    expect(worker.calls.inspectDue).toBe(1);
  });

  it("is claimed directly once two wakes did not start it: then the queue is dead (G8)", async () => {
    const { world, sender } = await withSession();
    const worker = await world.start("worker", { executors: [recording()] });
    world.wakes.setDrop(() => true);
    const { completion } = await send(sender, ref);

    await world.advance(roundOf(world));
    const afterFirst = { ...worker.calls };
    await world.advance(roundOf(world));

    expect(afterFirst).toMatchObject({ inspectDue: 1, claim: 0 });
    expect(await completion).toMatchObject({ kind: "completed" });
    expect(worker.calls).toMatchObject({ inspectDue: 2, claim: 1 });
  });

  it("of a worker that died is taken over after its lease and a grace, and the loss is charged", async () => {
    const { world, sender } = await withSession();
    const dead = await world.start("dead", { executors: [holding().executor] });
    const { inputId, completion } = await send(sender, ref);
    await world.advance(100);
    dead.kill();
    await world.start("next", { executors: [recording()] });

    const { leaseMs, graceMs } = world.timing;
    await world.advance(leaseMs + graceMs + 1.5 * world.timing.sweepPollMs);

    expect(await completion).toMatchObject({ kind: "completed" });
    expect(await sender.runtime.inputState(ref, { inputId })).toMatchObject({ attempts: 2, losses: 1, failures: 0 });
  });

  it("is left alone while its holder lives", async () => {
    const { world, sender } = await withSession();
    const host = holding();
    const worker = await world.start("worker", { executors: [host.executor] });
    await send(sender, ref);

    await world.advance(60_000);

    expect(worker.calls).toMatchObject({ claim: 1, inspectDue: 0 });
    expect(host.turns).toHaveLength(1);
  });

  it("does not wait for another one that takes long, which is attended to once at a time (G8)", async () => {
    const { world, sender } = await withSession();
    const slow = sessionRef("slow/1");
    const door = new Door();
    door.close();
    let looks = 0;
    const wrap = withLedger((ledger) => ({
      inspectDue: async (due) => {
        if (due.sessionId !== slow.sessionId) return ledger.inspectDue(due);
        looks += 1;
        await door.pass();
        return ledger.inspectDue(due);
      },
    }));
    await world.start("worker", { executors: [recording()], wrap });
    world.wakes.setDrop(() => true);
    const first = await send(sender, slow, "hello", { createWith: binding() });
    await world.advance(roundOf(world));
    const second = await send(sender, ref);

    await world.advance(2 * roundOf(world));

    expect(await sender.runtime.inputState(ref, { inputId: second.inputId })).toMatchObject({ status: "consumed" });
    expect(looks).toBe(1);
    door.open();
    await world.advance(2 * roundOf(world));
    expect(await first.completion).toMatchObject({ kind: "completed" });
  });

  it("has what a control verb left behind settled, when whoever gave the verb died over it (G9)", async () => {
    const { world, sender } = await withSession();
    world.wakes.setDrop(() => true);
    const wrap = withLedger(() => ({ settleChores: () => new Promise(() => {}) }));
    const operator = await world.start("operator", { wrap });
    const { completion } = await send(sender, ref);
    void operator.runtime.control(ref, { verb: "reset", requestId: ids.request() });
    await world.settle();
    operator.kill();

    await world.start("worker", { executors: [recording()] });
    await world.advance(roundOf(world));

    expect(await completion).toMatchObject({ kind: "abandoned", reason: "reset" });
  });
});

describe("with a dead queue", () => {
  it("everything is processed, however much there is (G8)", async () => {
    const world = createWorld();
    world.wakes.setDrop(() => true);
    const { ended } = await sendToMany(world, 250);
    const worker = await world.start("worker", { executors: [recording()] });

    await world.advance(20_000);

    expect(ended()).toBe(250);
    expect(worker.calls.claim).toBe(250);
  });

  it("a worker that is full passes sessions on to one that has room", async () => {
    const world = createWorld();
    world.wakes.setDrop(() => true);
    const { ended } = await sendToMany(world, 9);
    const full = await world.start("full", { executors: [holding().executor], loop: { concurrency: 1 } });
    await world.advance(6_000);

    await world.start("other", { executors: [recording()] });
    await world.advance(roundOf(world));

    expect(full.worker?.held).toBe(1);
    expect(ended()).toBe(8);
  });
});

describe("a sweep", () => {
  it("takes a bounded number of sessions a call, and calls at most as often as the interval allows", async () => {
    const world = createWorld();
    world.wakes.setDrop(() => true);
    await sendToMany(world, 250);
    const limits: number[] = [];
    const sizes: number[] = [];
    const wrap = withLedger((ledger) => ({
      sweep: async (limit) => {
        const overdue = await ledger.sweep(limit);
        limits.push(limit);
        sizes.push(overdue.length);
        return overdue;
      },
    }));
    await world.advance(5_000);

    await world.start("worker", { executors: [recording()], wrap });
    await world.advance(20_000);

    expect(new Set(limits)).toEqual(new Set([SCRIPT_BATCH]));
    expect(Math.max(...sizes)).toBe(SCRIPT_BATCH);
    expect(limits.length).toBeLessThanOrEqual((2 * 20_000) / world.timing.sweepPollMs);
    expect(limits.length).toBeGreaterThanOrEqual(20_000 / (1.5 * world.timing.sweepPollMs) - 1);
  });

  it("that fails is reported, and the next one sees what it missed", async () => {
    const { world, sender } = await withSession();
    let failures = 3;
    const wrap = withLedger((ledger) => ({
      sweep: async (limit) => {
        failures -= 1;
        return failures < 0 ? ledger.sweep(limit) : unavailable();
      },
    }));
    world.wakes.setDrop(() => true);
    const worker = await world.start("worker", { executors: [recording()], wrap });
    const { completion } = await send(sender, ref);

    await world.advance(10_000);

    expect(worker.reports.filter(({ phrase }) => phrase === "sweep failed")).toHaveLength(3);
    expect(await completion).toMatchObject({ kind: "completed" });
  });

  it("tells the worker that has the session warm", async () => {
    const { world, sender } = await withSession();
    const wrap = withLedger(() => ({ sweep: unavailable }));
    const warm = await world.start("warm", { executors: [recording()], wrap });
    await send(sender, ref, "one");
    await world.advance(100);
    world.wakes.setDrop(() => true);
    world.notices.setDrop(() => true);
    const { completion } = await send(sender, ref, "two");
    await world.advance(100);
    world.notices.setDrop(null);
    const other = await world.start("other", { executors: [recording()] });
    const claims = warm.calls.claim;

    await world.advance(roundOf(world));

    expect(await completion).toMatchObject({ kind: "completed" });
    expect([warm.calls.claim - claims, other.calls.claim]).toEqual([1, 0]);
  });
});

describe("a session whose executor nobody hosts", () => {
  const elsewhere = {
    binding: binding("hold", "elsewhere"),
    host: executor(() => ({ kind: "completed" }), { name: "elsewhere" }),
  };

  /** A session that a worker without its executor has looked at in vain. */
  async function withUnhosted() {
    const world = createWorld();
    world.wakes.setDrop(() => true);
    const sender = await world.start("sender");
    const stranger = await world.start("stranger", { executors: [recording()] });
    await sender.runtime.ensureSessionWithExecutor(ref, elsewhere.binding);
    const { completion } = await send(sender, ref);
    await world.advance(2 * roundOf(world));
    return { world, sender, stranger, completion };
  }

  it("waits for one without being swept, and says so (L6)", async () => {
    const { world, sender, stranger } = await withUnhosted();
    const before = stranger.calls.inspectDue;

    await world.advance(world.timing.unhostedMs - roundOf(world));

    expect(stranger.calls.inspectDue).toBe(before);
    expect(stranger.reports).toContainEqual(expect.objectContaining({ phrase: "no worker hosts the executor" }));
    expect(await sender.runtime.explain(ref)).toMatchObject({ waitsFor: { kind: "executor", executor: "elsewhere" } });
  });

  it("is made due when a worker announces the executor, and is run by it (P2)", async () => {
    const { world, completion } = await withUnhosted();

    await world.start("host", { executors: [elsewhere.host] });
    await world.advance(roundOf(world));

    expect(await completion).toMatchObject({ kind: "completed_without_result" });
  });

  it("is made due with all others that wait for it, in bounded steps (P2)", async () => {
    const { world, sender } = await withUnhosted();
    const limits: number[] = [];
    for (let n = 1; n <= 150; n += 1) {
      await send(sender, sessionRef(`chat/${n}`), "hello", { createWith: elsewhere.binding });
    }
    await world.advance(4 * roundOf(world));
    const host = await world.start("host", {
      executors: [elsewhere.host],
      wrap: (store) => ({
        ...store,
        presence: {
          announce: (worker) => store.presence.announce(worker),
          adopt: async (name, limit) => {
            limits.push(limit);
            return store.presence.adopt(name, limit);
          },
          listUnhosted: (limit) => store.presence.listUnhosted(limit),
          leave: (node) => store.presence.leave(node),
          list: () => store.presence.list(),
        },
      }),
    });

    await world.advance(3 * roundOf(world));

    expect(limits).toEqual([SCRIPT_BATCH, SCRIPT_BATCH]);
    expect(host.calls.advance).toBe(151);
  });

  it("is passed on to a worker that hosts it, by one that sweeps for both", async () => {
    const world = createWorld();
    world.wakes.setDrop(() => true);
    const sender = await world.start("sender");
    await world.start("stranger", { executors: [recording()] });
    const wrap = withLedger(() => ({ sweep: unavailable }));
    await world.start("host", { executors: [elsewhere.host], wrap });
    await sender.runtime.ensureSessionWithExecutor(ref, elsewhere.binding);
    const { completion } = await send(sender, ref);

    await world.advance(2 * roundOf(world));

    expect(await completion).toMatchObject({ kind: "completed_without_result" });
  });
});

it("leaves silent input alone: nothing is due, nobody is woken", async () => {
  const { world, sender } = await withSession();
  const worker = await world.start("worker", { executors: [recording()] });
  await send(sender, ref, event("tick"), { isWithoutWake: true });

  await world.advance(60_000);

  expect(worker.calls).toMatchObject({ inspectDue: 0, claim: 0 });
});
