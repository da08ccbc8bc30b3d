import { binding, EXECUTOR, event, faultyWakeQueue, sessionRef, strikeAt } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import type { NodeMessage, SessionDirectory, Wake, WakeQueue } from "../src/index.ts";
import { ref, unavailable, withSender } from "./support/bound-session.ts";
import { holding, recording, textsOf } from "./support/executors.ts";
import { send } from "./support/send.ts";
import { createWorld, type ProcessOptions } from "./support/world.ts";

/** Keeps what a process asks its queue for, and when. */
function recordingQueue(now: () => number) {
  const jobs: (Wake & { readonly at: number })[] = [];
  const wrapQueue = (queue: WakeQueue): WakeQueue => ({
    wake: async (wake) => {
      jobs.push({ ...wake, at: now() });
      return queue.wake(wake);
    },
    consume: (consumption) => queue.consume(consumption),
    stopConsuming: () => queue.stopConsuming(),
    close: () => queue.close(),
  });
  return { jobs, wrapQueue };
}

/** A directory whose look-ups are counted. */
function countingFinds(directory: SessionDirectory, count: () => void): SessionDirectory {
  return {
    register: (command) => directory.register(command),
    find: (session) => {
      count();
      return directory.find(session);
    },
    list: (query) => directory.list(query),
    configure: (session, settings) => directory.configure(session, settings),
    label: (session, labels) => directory.label(session, labels),
    follow: (command) => directory.follow(command),
  };
}

/** A worker that has the session warm, a sender whose jobs are known, and the messages between them. */
async function withWarm(options: Pick<ProcessOptions, "wrap" | "loop"> = {}) {
  const world = createWorld();
  const { jobs, wrapQueue } = recordingQueue(() => world.clock.monotonic());
  await withSender(world);
  const sender = await world.start("other sender", { wrapQueue, ...(options.wrap ? { wrap: options.wrap } : {}) });
  const host = holding();
  const warm = await world.start("warm", {
    executors: [host.executor],
    ...(options.loop ? { loop: options.loop } : {}),
  });
  await send(sender, ref, "zero");
  await world.settle();
  host.last().answer();
  await world.settle();
  jobs.length = 0;
  const messages: NodeMessage[] = [];
  world.notices.setDrop((_node, message) => {
    messages.push(message);
    return false;
  });
  return { world, sender, host, warm, jobs, messages };
}

describe("an input at rest", () => {
  it("is told to the warm worker, which claims it before a job is added", async () => {
    const { world, sender, host, jobs, messages } = await withWarm();

    await send(sender, ref, "one");
    await world.advance(world.timing.warmClaimMs + 1);

    expect(textsOf(host.last().turn)).toEqual(["one"]);
    expect(messages).toEqual([{ type: "session.due", ref, executor: EXECUTOR }]);
    expect(jobs).toEqual([]);
  });

  it("becomes a job when the warm worker does not claim in time, and not before", async () => {
    const { world, sender, host, jobs } = await withWarm();
    world.notices.setDrop((_node, message) => message.type === "session.due");
    const sentAt = world.clock.monotonic();
    await send(sender, ref, "one");

    await world.advance(world.timing.warmClaimMs);

    expect(jobs).toMatchObject([{ ref, executor: EXECUTOR, at: sentAt + world.timing.warmClaimMs }]);
    expect(textsOf(host.last().turn)).toEqual(["one"]);
  });

  it("becomes a job at once when no worker has it warm any more", async () => {
    const { world, sender, jobs, messages } = await withWarm();
    await world.advance(world.timing.warmMs);

    await send(sender, ref, "one");

    expect(jobs).toHaveLength(1);
    expect(messages).toEqual([]);
  });

  it("is carried by another epoch each time, so that no job is taken for an older one", async () => {
    const { world, sender, host, jobs } = await withWarm();
    for (const text of ["one", "two"]) {
      await world.advance(world.timing.warmMs);
      await send(sender, ref, text);
      await world.settle();
      host.last().answer();
      await world.settle();
    }

    const epochs = jobs.map(({ epoch }) => epoch);
    expect(epochs).toHaveLength(2);
    expect(epochs[1]).toBeGreaterThan(epochs[0] as number);
  });

  it("is told once, however many arrive before the warm worker claims", async () => {
    const { world, sender, jobs, messages } = await withWarm();

    await Promise.all(["one", "two", "three"].map((text) => send(sender, ref, text)));
    await world.advance(world.timing.warmClaimMs + 1);

    expect(messages).toEqual([{ type: "session.due", ref, executor: EXECUTOR }]);
    expect(jobs).toEqual([]);
  });

  it("is not looked up once its outcome came, or once somebody is seen to hold the session", async () => {
    let lookUps = 0;
    const { world, sender, host } = await withWarm({
      wrap: (store) => ({ ...store, directory: countingFinds(store.directory, () => (lookUps += 1)) }),
    });
    await send(sender, ref, "one");
    await world.settle();
    host.last().answer();
    await world.settle();
    await send(sender, ref, "two");
    await world.settle();
    await send(sender, ref, "three");

    await world.advance(world.timing.warmClaimMs + 1);

    expect(lookUps).toBe(0);
  });

  it("is looked up although the outcome of an older one comes after it", async () => {
    const { world, sender, host, jobs } = await withWarm();
    const older: NodeMessage[] = [];
    world.notices.setDrop((_node, message) => {
      if (message.type === "input.settled") older.push(message);
      return message.type === "input.settled";
    });
    await send(sender, ref, "one");
    await world.settle();
    host.last().answer();
    await world.settle();
    world.notices.setDrop((_node, message) => message.type === "session.due");
    await send(sender, ref, "two");
    for (const message of older) world.notices.connect().publish(sender.node, message);

    await world.advance(world.timing.warmClaimMs);

    expect(older).toHaveLength(1);
    expect(jobs).toHaveLength(1);
  });

  it("is left to a sweep when it cannot be looked up after the warm worker's moment", async () => {
    let isOut = false;
    const { world, sender, host, jobs } = await withWarm({
      wrap: (store) => ({
        ...store,
        directory: {
          register: (command) => store.directory.register(command),
          find: async (session) => (isOut ? unavailable() : store.directory.find(session)),
          list: (query) => store.directory.list(query),
          configure: (session, settings) => store.directory.configure(session, settings),
          label: (session, labels) => store.directory.label(session, labels),
          follow: (command) => store.directory.follow(command),
        },
      }),
    });
    isOut = true;
    world.notices.setDrop(() => true);
    await send(sender, ref, "one");

    await world.advance(world.timing.warmClaimMs);
    const reports = sender.reports.map(({ phrase }) => phrase);
    await world.advance(world.timing.sweepDelayMs + 1.5 * world.timing.sweepPollMs);

    expect(reports).toEqual(["warm wake not checked"]);
    expect(jobs).toEqual([]);
    expect(textsOf(host.last().turn)).toEqual(["one"]);
  });
});

describe("a warm worker without room", () => {
  it("takes no more sessions than it may, however many it is told of; the queue has them (O3)", async () => {
    const { world, sender, warm, host, jobs } = await withWarm({ loop: { concurrency: 1 } });
    const busy = sessionRef("chat/busy");
    await send(sender, busy, "busy", { createWith: binding() });
    await world.settle();
    jobs.length = 0;

    const { completion } = await send(sender, ref, "one");
    await world.advance(world.timing.warmClaimMs);
    const held = warm.worker?.held;
    await world.start("cold", { executors: [recording()] });
    await world.settle();

    expect(held).toBe(1);
    expect(host.turns).toHaveLength(2);
    expect(jobs).toHaveLength(1);
    expect(await completion).toMatchObject({ kind: "completed", output: "one" });
  });
});

describe("an input during a run", () => {
  it("sends nothing at all: the holder finds it at its next boundary", async () => {
    const { world, sender, host, jobs, messages } = await withWarm();
    await send(sender, ref, "one");
    await world.settle();
    messages.length = 0;

    for (const text of ["two", "three"]) await send(sender, ref, text);
    await world.advance(1_000);
    const sent = [...messages];
    for (let n = 0; n < 2; n += 1) {
      host.last().answer();
      await world.settle();
    }

    expect(sent).toEqual([]);
    expect(jobs).toEqual([]);
    expect(textsOf(host.last().turn)).toEqual(["three"]);
  });

  it("that asks for attention is told to the holder, and to nobody else", async () => {
    const { world, sender, host, jobs, messages } = await withWarm();
    await send(sender, ref, "one");
    await world.settle();
    messages.length = 0;

    await send(sender, ref, event("stop the presses", { lane: "steer" }));
    await world.settle();
    const sent = [...messages];
    host.last().answer();
    await world.settle();

    expect(sent).toEqual([{ type: "run.attend", ref }]);
    expect(jobs).toEqual([]);
    expect(textsOf(host.last().turn)).toEqual(["external_event"]);
  });
});

describe("a sender that hosts the executor", () => {
  it("turns to the queue when it has no room, and takes it from there once it has (O3)", async () => {
    const world = createWorld();
    const { jobs, wrapQueue } = recordingQueue(() => world.clock.monotonic());
    const host = holding();
    const both = await world.start("both", { executors: [host.executor], loop: { concurrency: 1 }, wrapQueue });
    await send(both, sessionRef("chat/1"), "hello", { createWith: binding() });
    await world.settle();

    await send(both, sessionRef("chat/2"), "hello", { createWith: binding() });
    await world.settle();

    const [held, begun] = [both.worker?.held, host.turns.length];
    host.last().answer();
    await world.settle();

    expect([held, begun]).toEqual([1, 1]);
    expect(jobs.map((job) => job.ref)).toEqual([sessionRef("chat/2")]);
    expect(host.last().turn.ref).toEqual(sessionRef("chat/2"));
  });

  it("turns to the queue for an executor it does not host", async () => {
    const world = createWorld();
    const { jobs, wrapQueue } = recordingQueue(() => world.clock.monotonic());
    const both = await world.start("both", { executors: [recording()], wrapQueue });

    await send(both, ref, "hello", { createWith: binding("hold", "elsewhere") });

    expect(jobs).toMatchObject([{ ref, executor: "elsewhere" }]);
  });
});

it("a queue that does not take a wake costs one sweep, not the input (G8)", async () => {
  const world = createWorld();
  await withSender(world);
  const wrapQueue = (queue: WakeQueue) => faultyWakeQueue(queue, strikeAt("wake.before_add", [1]));
  const sender = await world.start("unlucky", { wrapQueue });
  await world.start("worker", { executors: [recording()] });

  const { completion } = await send(sender, ref);
  await world.settle();
  const reports = sender.reports.map(({ phrase }) => phrase);
  await world.advance(world.timing.sweepDelayMs + 1.5 * world.timing.sweepPollMs);

  expect(reports).toEqual(["wake not queued"]);
  expect(await completion).toMatchObject({ kind: "completed", output: "hello" });
});
