import { AppError } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { HEARTBEAT_MS, type Presence, type Store } from "../src/index.ts";
import { executor, recording } from "./support/executors.ts";
import { createWorld, type World } from "./support/world.ts";

/** Replaces some of what a process can do with presence. */
function withPresence(replace: (presence: Presence) => Partial<Presence>): (store: Store) => Store {
  return (store) => {
    const { presence } = store;
    return {
      ...store,
      presence: {
        announce: (worker) => presence.announce(worker),
        adopt: (name, limit) => presence.adopt(name, limit),
        listUnhosted: (limit) => presence.listUnhosted(limit),
        leave: (node) => presence.leave(node),
        list: () => presence.list(),
        ...replace(presence),
      },
    };
  };
}

async function namesIn(world: World): Promise<string[]> {
  return (await world.store.presence.list()).map(({ node }) => node);
}

describe("a worker", () => {
  it("is listed with what it hosts, how much it takes, and since when", async () => {
    const world = createWorld();
    const sender = await world.start("sender");
    await world.advance(5_000);
    const startedAt = world.clock.now();
    const worker = await world.start("worker", {
      executors: [recording(), executor(() => null, { name: "other", version: "2.1.0" })],
      loop: { concurrency: 7 },
    });

    expect(await sender.runtime.listWorkers()).toEqual([
      {
        node: worker.node,
        executors: [
          { name: "agent", version: "1.0.0" },
          { name: "other", version: "2.1.0" },
        ],
        concurrency: 7,
        startedAt,
        seenAt: startedAt,
      },
    ]);
  });

  it("works although nobody can be told that it is there", async () => {
    const world = createWorld();
    let isFull = true;
    const worker = await world.start("worker", {
      executors: [recording()],
      wrap: withPresence((presence) => ({
        announce: async (record) => {
          if (isFull) throw new AppError("store.unavailable");
          await presence.announce(record);
        },
      })),
    });

    expect(await namesIn(world)).toEqual([]);
    expect(worker.reports.map(({ phrase }) => phrase)).toContain("presence not refreshed");
    isFull = false;
    await world.advance(HEARTBEAT_MS);
    expect(await namesIn(world)).toEqual([worker.node]);
  });

  it("stays listed as long as its heart beats, with the time it was seen last", async () => {
    const world = createWorld();
    const worker = await world.start("worker", { executors: [recording()] });
    const startedAt = world.clock.now();

    await world.advance(10 * HEARTBEAT_MS);

    const [record] = await worker.runtime.listWorkers();
    expect(record).toMatchObject({ node: worker.node, startedAt, seenAt: world.clock.now() });
  });

  it("that dies is no longer listed after three heartbeats (P1)", async () => {
    const world = createWorld();
    const worker = await world.start("worker", { executors: [recording()] });
    worker.kill();

    await world.advance(3 * HEARTBEAT_MS);
    const before = await namesIn(world);
    await world.advance(1);

    expect(before).toEqual([worker.node]);
    expect(await namesIn(world)).toEqual([]);
  });

  it("that ends in order is not listed from then on, and its heart beats no more", async () => {
    const world = createWorld();
    const worker = await world.start("worker", { executors: [recording()] });

    await worker.stop({ graceMs: 0 });
    const after = await namesIn(world);
    await world.advance(5 * HEARTBEAT_MS);

    expect([after, await namesIn(world)]).toEqual([[], []]);
  });

  it("that cannot say good-bye ends all the same, and is forgotten (P1)", async () => {
    const world = createWorld();
    const wrap = withPresence(() => ({ leave: () => Promise.reject(new AppError("store.unavailable")) }));
    const worker = await world.start("worker", { executors: [recording()], wrap });

    await worker.stop({ graceMs: 0 });
    await world.advance(3 * HEARTBEAT_MS + 1);

    expect(worker.reports).toContainEqual(expect.objectContaining({ phrase: "presence not withdrawn" }));
    expect(await namesIn(world)).toEqual([]);
  });

  it("goes on after heartbeats that failed", async () => {
    const world = createWorld();
    let isOut = false;
    const wrap = withPresence((presence) => ({
      announce: async (worker) => {
        if (isOut) throw new AppError("store.unavailable");
        await presence.announce(worker);
      },
    }));
    const worker = await world.start("worker", { executors: [recording()], wrap });
    isOut = true;
    await world.advance(5 * HEARTBEAT_MS);
    const during = await namesIn(world);

    isOut = false;
    await world.advance(HEARTBEAT_MS);

    expect(during).toEqual([]);
    expect(await namesIn(world)).toEqual([worker.node]);
    expect(worker.reports).toContainEqual(expect.objectContaining({ phrase: "presence not refreshed" }));
  });
});

it("does not list a process that hosts nothing", async () => {
  const world = createWorld();
  const sender = await world.start("sender");
  await world.advance(HEARTBEAT_MS);

  expect(await sender.runtime.listWorkers()).toEqual([]);
});
