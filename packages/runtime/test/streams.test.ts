import type { RunId, StreamPart } from "@holdfast/contracts";
import { MAX_CHUNK_BYTES } from "@holdfast/contracts";
import { prompt } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import type { AppendCommand, InputStreamPart, Store, Streams, StreamWrite, Turn } from "../src/index.ts";
import { failure, ref, unavailable, withSession } from "./support/bound-session.ts";
import { Door } from "./support/calls.ts";
import { executor, holding } from "./support/executors.ts";
import { rejection } from "./support/rejection.ts";
import { send } from "./support/send.ts";
import type { TestProcess, World } from "./support/world.ts";

/** Puts something between a process and its streams. */
function withStreams(replace: (streams: Streams) => Partial<Streams>): (store: Store) => Store {
  return (store) => {
    const { streams } = store;
    const methods: Streams = {
      append: (command) => streams.append(command),
      read: (query) => streams.read(query),
    };
    return { ...store, streams: { ...methods, ...replace(streams) } };
  };
}

/** Records the appends of a process, each of which waits at a door. */
function taping() {
  const appends: AppendCommand[] = [];
  const door = new Door();
  const wrap = withStreams((streams) => ({
    append: async (command) => {
      appends.push(command);
      await door.pass();
      return streams.append(command);
    },
  }));
  return {
    appends,
    door,
    wrap,
    texts: () => appends.map(({ chunks }) => chunks.map((json) => JSON.parse(json) as unknown)),
  };
}

/** A reader that reads as fast as it goes. */
function reading(source: (signal: AbortSignal) => AsyncIterable<StreamPart>) {
  const controller = new AbortController();
  const seen: StreamPart[] = [];
  const state = { isOver: false, error: null as unknown };
  const read = async () => {
    for await (const part of source(controller.signal)) seen.push(part);
    state.isOver = true;
  };
  const done = read().catch((error: unknown) => {
    state.error = error;
  });
  return { seen, state, done, stop: () => controller.abort() };
}

function follow({ runtime }: TestProcess, runId: RunId, after = 0) {
  return reading((signal) => runtime.followStream(ref, runId, { after, signal }));
}

async function partsOf(world: World, runId: RunId): Promise<readonly unknown[]> {
  const reply = await world.store.streams.read({ ref, runId, after: 0, limit: 100 });
  if (reply.kind !== "read") throw new Error(`the stream is ${reply.kind}`);
  return reply.parts.map((part) => (part.type === "chunk" ? (JSON.parse(part.json) as unknown) : part));
}

/** A turn that waits for the test, and a worker that hosts it. */
async function withTurn(wrap?: (store: Store) => Store) {
  const { world, sender } = await withSession();
  const held = holding({ heedsSignal: true });
  const worker = await world.start("worker", { executors: [held.executor], ...(wrap === undefined ? {} : { wrap }) });
  const sent = await send(sender, ref);
  await world.settle();
  const { turn } = held.last();
  return { world, sender, worker, held, turn, sent, answer: (result?: unknown) => held.last().answer(result) };
}

describe("a turn's writes", () => {
  it("travel together when they are made together, and while another append is under way", async () => {
    const { appends, door, wrap, texts } = taping();
    const { world, turn } = await withTurn(wrap);
    door.close();

    const writes = [turn.stream.write("a"), turn.stream.write("b")];
    await world.settle();
    writes.push(turn.stream.write("c"), turn.stream.write({ d: 1 }));
    await world.settle();
    expect(appends).toHaveLength(1);
    door.open();

    expect((await Promise.all(writes)).map((outcome) => outcome)).toEqual(
      [1, 2, 3, 4].map((offset) => ({ kind: "written", offset })),
    );
    expect(texts()).toEqual([
      ["a", "b"],
      ["c", { d: 1 }],
    ]);
  });

  it("are all there before the end of the run is, whether awaited or not, and none comes after [T17]", async () => {
    const { appends, door, wrap } = taping();
    const { world, turn, answer, sent } = await withTurn(wrap);
    door.close();
    for (const text of ["a", "b"]) void turn.stream.write(text);
    await world.settle();
    void turn.stream.write("c");

    answer({ kind: "completed" });
    await world.settle();
    expect(await world.store.archive.findInput(ref, sent.inputId)).toMatchObject({ outcome: null });
    expect(await rejection(turn.stream.write("late"))).toMatchObject({ name: "AbortError" });
    door.open();
    await world.settle();
    await sent.completion;

    expect(appends).toHaveLength(2);
    expect(await partsOf(world, turn.runId)).toEqual(["a", "b", "c"]);
  });

  it("belong to the boundary they were made before, in whatever order anything arrives [T17]", async () => {
    const { door, wrap } = taping();
    const { world, worker, held, turn, sender } = await withTurn(wrap);
    door.close();
    void turn.stream.write("before");
    const committed = turn.checkpoint({ data: 1 });
    void turn.stream.write("after");
    await world.settle();
    expect(await partsOf(world, turn.runId)).toEqual([]);
    door.open();
    await committed;
    await world.settle();
    worker.kill();

    await world.start("heir", { executors: [held.executor] });
    await world.advance(15_000);

    const { items } = await sender.runtime.readStream(ref, turn.runId);
    expect(items).toEqual([
      { type: "chunk", offset: 1, chunk: "before" },
      { type: "chunk", offset: 2, chunk: "after" },
      { type: "retracted", offset: 3, from: 2 },
    ]);
  });

  it("are there once when the answer to an append is lost [T11]", async () => {
    let calls = 0;
    const wrap = withStreams((streams) => ({
      append: async (command) => {
        const reply = await streams.append(command);
        calls += 1;
        return calls === 1 ? unavailable() : reply;
      },
    }));
    const { world, turn } = await withTurn(wrap);

    const outcomes: StreamWrite[] = [];
    void turn.stream.write("a").then((outcome) => outcomes.push(outcome));
    await world.advance(100);
    void turn.stream.write("b").then((outcome) => outcomes.push(outcome));
    await world.settle();

    expect(outcomes).toEqual([
      { kind: "written", offset: 1 },
      { kind: "written", offset: 2 },
    ]);
    expect(calls).toBe(3);
    expect(await partsOf(world, turn.runId)).toEqual(["a", "b"]);
  });

  it("end a turn that has lost its session: refused, and told to stop [T10, G3]", async () => {
    const { world, worker, turn } = await withTurn();
    worker.freeze();
    const held = holding();
    await world.start("heir", { executors: [held.executor] });
    await world.advance(15_000);
    expect(held.last().turn.attempt).toBe(2);
    worker.thaw();

    const refused = await rejection(turn.stream.write("late"));

    expect(refused).toMatchObject({ name: "AbortError" });
    expect(turn.signal.aborted).toBe(true);
    expect(await partsOf(world, turn.runId)).toEqual([]);
  });

  it("are refused as they are made by a turn that was told to end", async () => {
    const { world, sender, turn } = await withTurn();
    await sender.runtime.interruptCurrentRun(ref, { requestId: "req-1" as never });
    await world.settle();

    expect(await rejection(turn.stream.write("late"))).toBe(turn.signal.reason);
  });

  it("say that a chunk is too large, and the next one is written", async () => {
    const { turn } = await withTurn();

    expect(await turn.stream.write("é".repeat(MAX_CHUNK_BYTES / 2))).toEqual({
      kind: "too_large",
      bytes: MAX_CHUNK_BYTES + 2,
    });
    expect(await turn.stream.write("x".repeat(MAX_CHUNK_BYTES - 2))).toEqual({ kind: "written", offset: 1 });
    expect(await rejection(turn.stream.write(undefined))).toMatchObject({ code: "executor.invalid_result" });
  });

  it("say that a stream is full, after which nothing is written, and the run goes on [T15, T18]", async () => {
    const { appends, door, wrap } = taping();
    const { world, turn, answer, sent, sender } = await withTurn(wrap);
    const large = "x".repeat(MAX_CHUNK_BYTES - 2);
    door.open();

    const outcomes = await Promise.all(Array.from({ length: 18 }, () => turn.stream.write(large)));
    const sends = appends.length;
    const small = await turn.stream.write("small");
    answer({ kind: "completed", output: "done" });
    await world.settle();

    expect(outcomes.map(({ kind }) => kind)).toEqual([...Array<string>(16).fill("written"), "full", "full"]);
    expect(small).toEqual({ kind: "full" });
    expect(appends).toHaveLength(sends);
    expect(await sent.completion).toMatchObject({ kind: "completed" });
    const { items, isClosed } = await sender.runtime.readStream(ref, turn.runId, { after: 16 });
    expect({ items, isClosed }).toEqual({
      items: [{ type: "closed", offset: 17, status: "completed", isTruncated: true }],
      isClosed: true,
    });
  });

  it("are over for good when an append is never answered: what comes after it is not written [T18]", async () => {
    let isDown = true;
    const wrap = withStreams((streams) => ({
      append: (command) => (isDown ? unavailable() : streams.append(command)),
    }));
    const { world, turn, answer, sent } = await withTurn(wrap);

    const lost = rejection(turn.stream.write("a"));
    await world.advance(130_000);
    expect(await lost).toMatchObject({ code: "store.unavailable" });
    isDown = false;

    expect(await rejection(turn.stream.write("b"))).toMatchObject({ code: "store.unavailable" });
    answer();
    await world.settle();
    await sent.completion;
    expect(await partsOf(world, turn.runId)).toEqual([]);
  });
});

describe("a reader of a stream", () => {
  it("in another process gets chunks as they come, and the end once [T19, G12]", async () => {
    const { world, turn, answer } = await withTurn();
    const reader = await world.start("reader");
    const stream = follow(reader, turn.runId);
    await world.settle();

    void turn.stream.write("a");
    await world.settle();
    expect(stream.seen).toEqual([{ type: "chunk", offset: 1, chunk: "a" }]);
    void turn.stream.write("b");
    answer();
    await world.settle();

    expect(stream.seen.slice(1)).toEqual([
      { type: "chunk", offset: 2, chunk: "b" },
      { type: "closed", offset: 3, status: "completed", isTruncated: false },
    ]);
    expect(stream.state).toEqual({ isOver: true, error: null });
  });

  it("that comes back with its last offset misses nothing and sees nothing twice, from wherever it was [T19, G12]", async () => {
    const { world, turn, answer, sender } = await withTurn();
    for (const text of ["a", "b", "c"]) await turn.stream.write(text);
    answer();
    await world.settle();
    const whole = follow(sender, turn.runId);
    await whole.done;
    expect(whole.seen).toHaveLength(4);

    for (let after = 0; after <= 4; after += 1) {
      const again = follow(sender, turn.runId, after);
      await again.done;
      expect(again.seen).toEqual(whole.seen.slice(after));
      expect(again.state).toEqual({ isOver: true, error: null });
    }
    const beyond = follow(sender, turn.runId, 5);
    await beyond.done;
    expect(beyond.state.error).toMatchObject({ code: "request.invalid" });
  });

  it("is told that a dead worker's chunks are withdrawn, and gets those of the next attempt [T13, T19]", async () => {
    const { world, worker, turn, sender } = await withTurn();
    const stream = follow(sender, turn.runId);
    await turn.stream.write("a");
    await world.settle();
    worker.kill();

    await world.start("heir", {
      executors: [
        executor(async (next: Turn) => {
          await next.stream.write("A");
          return { kind: "completed" };
        }),
      ],
    });
    await world.advance(15_000);

    expect(stream.seen).toEqual([
      { type: "chunk", offset: 1, chunk: "a" },
      { type: "retracted", offset: 2, from: 1 },
      { type: "chunk", offset: 3, chunk: "A" },
      { type: "closed", offset: 4, status: "completed", isTruncated: false },
    ]);
  });

  it("loses two seconds to a notification that does not arrive, and nothing else [T19, G12]", async () => {
    const { world, turn } = await withTurn();
    const reader = await world.start("reader", {
      wrap: (store) => ({
        ...store,
        // Its interest is never known to anybody.
        directory: new Proxy(store.directory, {
          get: (target, name) => {
            if (name === "follow") return async () => ({ kind: "followed" });
            return Reflect.get(target, name) as unknown;
          },
        }),
      }),
    });
    const stream = follow(reader, turn.runId);
    await world.settle();
    await turn.stream.write("a");
    await world.settle();
    expect(stream.seen).toEqual([]);

    await world.advance(2_000);

    expect(stream.seen).toHaveLength(1);
  });

  it("stays with a run that is tried again later, and is told when it failed for good [T14, G12]", async () => {
    const { world, sender } = await withSession();
    const runIds: RunId[] = [];
    const host = executor(async (turn) => {
      runIds.push(turn.runId);
      await turn.stream.write(turn.attempt);
      return failure();
    });
    await world.start("worker", { executors: [host] });
    await send(sender, ref);
    await world.settle();
    const stream = follow(sender, runIds[0] as RunId);
    await world.advance(60_000);

    expect(stream.seen.map((part) => (part.type === "chunk" ? part.chunk : part.type))).toEqual([
      1,
      "retracted",
      2,
      "retracted",
      3,
      "closed",
    ]);
    expect(stream.seen.at(-1)).toMatchObject({ status: "failed" });
  });

  it("ends with a session that is destroyed, whenever it looks [G12]", async () => {
    const { world, turn, sender } = await withTurn();
    await turn.stream.write("a");
    const stream = follow(sender, turn.runId);
    await world.settle();

    await sender.runtime.destroy(ref, { requestId: "req-1" as never });
    await world.advance(5_000);

    expect(stream.state).toEqual({ isOver: true, error: null });
    expect(stream.seen.at(-1)).toMatchObject({ type: "closed", offset: 2 });
    const late = follow(sender, turn.runId);
    await world.advance(5_000);
    expect(late.state.isOver ? late.seen.at(-1)?.type : late.state.error).toMatchObject({ code: "session.destroyed" });
  });

  it("learns which run is in progress, and that there is none", async () => {
    const { world, turn, answer, sender, sent } = await withTurn();

    expect(await sender.runtime.findCurrentRun(ref)).toBe(turn.runId);
    answer();
    await world.settle();
    await sent.completion;
    expect(await sender.runtime.findCurrentRun(ref)).toBeNull();
    expect(await rejection(sender.runtime.readStream(ref, "run_of_nobody" as RunId))).toMatchObject({
      code: "run.not_found",
    });
  });
});

describe("whoever sent an input", () => {
  const followInput = ({ runtime }: TestProcess, inputId: Parameters<typeof send>[2] & string) =>
    reading((signal) => runtime.followInputStream(ref, { inputId: inputId as never }, { signal }));

  it("follows it from before it is staged to the end of its run", async () => {
    const { world, sender } = await withSession();
    const sent = await send(sender, ref);
    const stream = followInput(sender, sent.inputId);
    await world.advance(3_000);
    expect(stream.seen).toEqual([]);

    await world.start("worker", {
      executors: [
        executor(async (turn) => {
          await turn.stream.write("a");
          return { kind: "completed" };
        }),
      ],
    });
    await world.advance(3_000);

    expect(stream.seen.map(({ type }) => type)).toEqual(["chunk", "closed"]);
    expect((stream.seen[0] as InputStreamPart).runId).toMatch(/^run_/);
    expect(stream.state).toEqual({ isOver: true, error: null });
  });

  it("follows it into another run, and is told that what the former wrote is withdrawn", async () => {
    const { world, sender } = await withSession();
    const [one, two] = [await send(sender, ref, prompt("one")), await send(sender, ref, prompt("two"))];
    const stream = followInput(sender, two.inputId);
    const held = holding();
    await world.start("worker", { executors: [{ ...held.executor, maxBatch: 2 }] });
    await world.settle();
    void held.last().turn.stream.write(held.last().turn.inputs.length);
    await world.settle();
    held.last().answer(failure());
    await world.advance(10_000);
    expect(held.last().turn.inputs).toHaveLength(1);
    held.last().answer();
    await world.advance(10_000);
    void held.last().turn.stream.write("alone");
    held.last().answer();
    await world.advance(10_000);
    await one.completion;

    expect(stream.seen).toMatchObject([
      { type: "chunk", offset: 1, chunk: 2 },
      { type: "retracted", offset: 2, from: 1 },
      { type: "chunk", offset: 1, chunk: "alone" },
      { type: "closed", offset: 2, status: "completed" },
    ]);
    const runs = new Set((stream.seen as InputStreamPart[]).map(({ runId }) => runId));
    expect(runs.size).toBe(2);
  });

  it("hears nothing of an input that ends without a run, and is not kept waiting", async () => {
    const { world, sender } = await withSession();
    const sent = await send(sender, ref);
    const stream = followInput(sender, sent.inputId);
    await world.settle();

    await sender.runtime.reset(ref, { requestId: "req-1" as never });
    await world.advance(5_000);

    expect(stream.seen).toEqual([]);
    expect(stream.state).toEqual({ isOver: true, error: null });
    const unknown = followInput(sender, "inp_of_nobody");
    await unknown.done;
    expect(unknown.state.error).toMatchObject({ code: "input.not_found" });
  });
});
