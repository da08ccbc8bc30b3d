import { type EventEnvelope, type EventPosition, isAppError, type RuntimeEvent } from "@holdfast/contracts";
import { createIds, prompt, sessionRef } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import type { Archive, Store } from "../src/index.ts";
import { ref, withSession } from "./support/bound-session.ts";
import { Door } from "./support/calls.ts";
import { recording } from "./support/executors.ts";
import { rejection } from "./support/rejection.ts";
import { send } from "./support/send.ts";
import type { TestProcess, World } from "./support/world.ts";

const ids = createIds();
const CREATED = ["topology.runtime_created", "runtime.bound"];
const ADMITTED = ["input.accepted", "input.queued"];

/** A stream that is read as fast as it goes. */
function follow({ runtime }: TestProcess, after: EventPosition = 0) {
  const controller = new AbortController();
  const seen: EventEnvelope[] = [];
  const state = { isOver: false, error: null as unknown };
  const read = async () => {
    for await (const event of runtime.followEvents(ref, { after, signal: controller.signal })) seen.push(event);
  };
  const done = read().then(
    () => {
      state.isOver = true;
    },
    (error: unknown) => {
      state.error = error;
    },
  );
  return {
    seen,
    state,
    done,
    stop: () => controller.abort(),
    types: (): RuntimeEvent["type"][] => seen.map(({ event }) => event.type),
    /** Of the facts that were told of, each once. */
    cursors: () => seen.map(({ cursor }) => cursor).filter((cursor, at, all) => cursor !== all[at - 1]),
  };
}

type Read = Archive["listEvents"];

/** Puts something around a process's reads of stored events. */
function aroundReads(around: (read: Read, ...args: Parameters<Read>) => ReturnType<Read>): (store: Store) => Store {
  return (store) => {
    const archive = new Proxy(store.archive, {
      get: (target, name) => {
        if (name !== "listEvents") return Reflect.get(target, name) as unknown;
        return (...args: Parameters<Read>) => around((...inner) => target.listEvents(...inner), ...args);
      },
    });
    return { ...store, archive };
  };
}

function from1to(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

/** A stream whose first look has been taken and whose answer is on its way. */
async function withSlowReader() {
  const { world, sender } = await withSession();
  const door = new Door();
  const wrap = aroundReads(async (read, ...args) => {
    const page = await read(...args);
    await door.pass();
    return page;
  });
  const reader = await world.start("reader", { wrap });
  door.close();
  const stream = follow(reader);
  await world.clock.advance(0);
  return { world, sender, stream, door };
}

async function lastCursor(world: World): Promise<number> {
  return (await world.store.directory.find(ref))?.cursor ?? 0;
}

describe("a stream of events", () => {
  it("tells what is stored first, then each event as it happens, in any process (G12)", async () => {
    const { world, sender } = await withSession();
    await world.start("worker", { executors: [recording()] });
    const stream = follow(sender);
    await world.settle();
    const stored = stream.types();

    await send(sender, ref);
    await world.settle();

    expect(stored).toEqual(CREATED);
    expect(stream.types()).toEqual([
      ...CREATED,
      ...ADMITTED,
      "run.started",
      "input.staged",
      "run.completed",
      "input.applied",
      "input.consumed",
    ]);
    expect(stream.cursors()).toEqual(from1to(4));
    expect(stream.seen[0]).toMatchObject({ sessionId: ref.sessionId, at: new Date(world.clock.now()).toISOString() });
  });

  it("goes on after the last cursor of a reader that comes back: nothing is missed, nothing told twice (G12)", async () => {
    const { world, sender } = await withSession();
    await world.start("worker", { executors: [recording()] });
    const first = follow(sender);
    await send(sender, ref, "one");
    await world.settle();
    first.stop();
    await first.done;
    await send(sender, ref, "two");
    await world.advance(1_000);

    const second = follow(sender, first.seen.at(-1)?.id);
    await world.settle();

    expect(first.state.isOver).toBe(true);
    expect([...first.cursors(), ...second.cursors()]).toEqual(from1to(await lastCursor(world)));
  });

  it("reads any backlog, page by page, and misses nothing that happens meanwhile (G12)", async () => {
    const { world, sender } = await withSession();
    for (let n = 1; n <= 450; n += 1) await send(sender, ref, `${n}`);
    const limits: number[] = [];
    const wrap = aroundReads(async (read, session, query) => {
      limits.push(query.limit);
      if (limits.length === 2) await send(sender, ref, "meanwhile");
      return read(session, query);
    });
    const reader = await world.start("reader", { wrap });

    const stream = follow(reader);
    await world.settle();

    expect(stream.cursors()).toEqual(from1to(452));
    expect(new Set(limits)).toEqual(new Set([200]));
  });

  it("misses nothing that happens between its question for news and the answer (G12)", async () => {
    const { world, sender, stream, door } = await withSlowReader();
    await sender.runtime.acceptInput(ref, prompt("between"));
    await world.clock.advance(0);

    door.open();
    await world.settle();

    expect(stream.types()).toEqual([...CREATED, ...ADMITTED]);
  });

  it("tells the end of a session that is destroyed between its question and the answer, too (G12)", async () => {
    const { world, sender, stream, door } = await withSlowReader();
    await sender.runtime.control(ref, { verb: "destroy", requestId: ids.request() });
    await world.clock.advance(0);

    door.open();
    await world.settle();

    expect(stream.state.isOver).toBe(true);
    expect(stream.types()).toEqual([...CREATED, "runtime.state_changed", "topology.runtime_destroyed"]);
  });

  it("costs nothing while nothing happens, but for a slow refresh of its interest", async () => {
    const { world, sender } = await withSession();
    let reads = 0;
    const wrap = aroundReads((read, ...args) => {
      reads += 1;
      return read(...args);
    });
    const reader = await world.start("reader", { wrap });
    const stream = follow(reader);
    await world.settle();
    const before = reads;

    await world.advance(5 * 60_000);
    const quiet = reads - before;
    await send(sender, ref);
    await world.settle();

    expect(quiet).toBeLessThanOrEqual(20);
    // After minutes of quiet the interest still stands.
    expect(stream.types()).toEqual([...CREATED, ...ADMITTED]);
  });

  it("finds an event whose notification was lost with the next refresh, and polls while none arrive", async () => {
    const { world, sender } = await withSession();
    const stream = follow(sender);
    await world.settle();
    const other = await world.start("other");
    world.notices.setDrop(() => true);
    await send(other, ref, "lost");
    await world.settle();
    const early = stream.types().length;
    await world.advance(15_000);
    const refreshed = stream.types().length;
    world.notices.setHealthy(false);
    await world.advance(15_000);
    await send(other, ref, "unheard");

    await world.advance(500);

    expect([early, refreshed]).toEqual([2, 4]);
    expect(stream.cursors()).toEqual(from1to(3));
  });

  it("looks at once when notifications arrive again", async () => {
    const { world, sender } = await withSession();
    const stream = follow(sender);
    await world.settle();
    const other = await world.start("other");
    world.notices.setHealthy(false);
    await send(other, ref, "unheard");

    world.notices.setHealthy(true);
    await world.settle();

    expect(stream.types()).toEqual([...CREATED, ...ADMITTED]);
  });

  it("ends with the session: the end is the last that is told", async () => {
    const { world, sender } = await withSession();
    await send(sender, ref);
    const stream = follow(sender);
    await world.settle();

    await sender.runtime.control(ref, { verb: "destroy", requestId: ids.request() });
    await world.settle();

    expect(stream.state).toEqual({ isOver: true, error: null });
    expect(stream.seen.at(-1)?.event).toMatchObject({
      type: "topology.runtime_destroyed",
    });
  });

  it("ends when its reader has enough, at once and leaving no timer behind", async () => {
    const { world, sender } = await withSession();
    const before = world.clock.pending();
    const stream = follow(sender);
    await world.settle();

    stream.stop();
    await stream.done;

    expect(stream.state.isOver).toBe(true);
    expect(world.clock.pending()).toBe(before);
  });

  it("of a reader that had enough before it began is empty", async () => {
    const { sender } = await withSession();
    const iterator = sender.runtime
      .followEvents(ref, { after: 0, signal: AbortSignal.abort() })
      [Symbol.asyncIterator]();

    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  it("of a session that does not exist is refused", async () => {
    const { sender } = await withSession();
    const events = sender.runtime.followEvents(sessionRef("nobody"), {
      after: 0,
      signal: new AbortController().signal,
    });

    const error = await rejection(events[Symbol.asyncIterator]().next());

    expect(isAppError(error, "session.not_found")).toBe(true);
  });

  it("goes to every reader in a process, each from where it stands", async () => {
    const { world, sender } = await withSession();
    const all = follow(sender);
    await world.settle();
    const late = follow(sender, 1);
    await world.settle();
    await send(sender, ref, "one");
    await world.settle();
    all.stop();
    await all.done;

    await send(sender, ref, "two");
    await world.settle();

    expect(all.cursors()).toEqual([1, 2]);
    expect(late.cursors()).toEqual([2, 3]);
  });
});
