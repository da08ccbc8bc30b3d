import { MAX_RESULT_BYTES } from "@holdfast/contracts";
import { createIds, faultyJournal, strikeAt } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import type { Journal, Store, Turn } from "../src/index.ts";
import { failure, ref, unavailable, withSession } from "./support/bound-session.ts";
import { Door } from "./support/calls.ts";
import { executor, holding, textsOf } from "./support/executors.ts";
import { rejection } from "./support/rejection.ts";
import { send } from "./support/send.ts";

const ids = createIds();

/** A step function that counts how often it is carried out. */
function counting<T>(value: T) {
  const step = { calls: 0, run: async () => value };
  step.run = async () => {
    step.calls += 1;
    return value;
  };
  return step;
}

/** Puts something between a process and its journal. */
function withJournal(replace: (journal: Journal) => Journal): (store: Store) => Store {
  return (store) => ({ ...store, journal: replace(store.journal) });
}

describe("a settled step", () => {
  it("is not run again when its turn failed: the retry gets the first result (G11, J2)", async () => {
    const { world, sender } = await withSession();
    const fetched = counting({ price: 42 });
    const results: unknown[] = [];
    const runIds: string[] = [];
    const host = executor(async (turn) => {
      runIds.push(turn.runId);
      results.push(await turn.step("fetch", fetched.run));
      return turn.attempt < 3 ? failure() : { kind: "completed" };
    });
    await world.start("worker", { executors: [host] });

    const { completion } = await send(sender, ref);
    await world.advance(10_000);

    expect(await completion).toMatchObject({ kind: "completed_without_result" });
    expect(fetched.calls).toBe(1);
    expect(results).toEqual([{ price: 42 }, { price: 42 }, { price: 42 }]);
    expect(new Set(runIds).size).toBe(1);
  });

  it("is not run again by the worker that takes over from a dead one (G11)", async () => {
    const { world, sender } = await withSession();
    const [fetched, stored] = [counting("fetched"), counting("stored")];
    const host = executor(async (turn) => {
      const first = await turn.step("fetch", fetched.run);
      if (turn.attempt === 1) await new Promise(() => {});
      return { kind: "completed", output: [first, await turn.step("store", stored.run)] };
    });
    const dead = await world.start("dead", { executors: [host] });
    const { completion } = await send(sender, ref);
    await world.advance(100);
    dead.kill();

    await world.start("next", { executors: [host] });
    await world.advance(20_000);

    expect(await completion).toMatchObject({ kind: "completed", output: ["fetched", "stored"] });
    expect([fetched.calls, stored.calls]).toEqual([1, 1]);
  });

  it("belongs to its run: the next one runs its own (J3)", async () => {
    const { world, sender } = await withSession();
    const fetched = counting(1);
    const host = executor(async (turn) => ({ kind: "completed", output: await turn.step("fetch", fetched.run) }));
    await world.start("worker", { executors: [host] });

    for (const text of ["one", "two"]) await send(sender, ref, text);
    await world.advance(1_000);

    expect(fetched.calls).toBe(2);
  });

  it("answers what a later attempt would read, in the attempt that ran it, too", async () => {
    const { world, sender } = await withSession();
    const results: unknown[] = [];
    const host = executor(async (turn) => {
      results.push(await turn.step("date", () => ({ at: new Date(0), none: undefined })));
      results.push(await turn.step("nothing", () => undefined));
      return turn.attempt === 1 ? failure() : { kind: "completed" };
    });
    await world.start("worker", { executors: [host] });

    await send(sender, ref);
    await world.advance(5_000);

    expect(results.slice(2)).toEqual(results.slice(0, 2));
    expect(results[1]).toBeNull();
  });
});

describe("a step", () => {
  /** Runs one turn and one retry of it; answers what each of them got. */
  async function twice<T>(apply: (turn: Turn) => Promise<T>): Promise<T[]> {
    const { world, sender } = await withSession();
    const got: T[] = [];
    const host = executor(async (turn) => {
      got.push(await apply(turn));
      return turn.attempt === 1 ? failure() : { kind: "completed" };
    });
    await world.start("worker", { executors: [host] });
    await send(sender, ref);
    await world.advance(5_000);
    return got;
  }

  it("of the same name with other arguments is another step", async () => {
    const charged: string[] = [];
    const charge = (turn: Turn, user: string) =>
      turn.step(
        "charge",
        () => {
          charged.push(user);
          return `charged ${user}`;
        },
        { user },
      );

    const got = await twice(async (turn) => [await charge(turn, "ann"), await charge(turn, "bob")]);

    expect(charged).toEqual(["ann", "bob"]);
    expect(got).toEqual([
      ["charged ann", "charged bob"],
      ["charged ann", "charged bob"],
    ]);
  });

  it("knows its arguments by what they say, not by the order of their members", async () => {
    const step = counting(1);

    await twice(async (turn) => {
      await turn.step("a", step.run, { x: 1, y: 2 });
      await turn.step("a", step.run, { y: 2, x: 1 });
    });

    expect(step.calls).toBe(1);
  });

  it("runs beside others, and each keeps its own result", async () => {
    const running: string[] = [];
    let most = 0;
    const slow = (name: string) => async () => {
      running.push(name);
      most = Math.max(most, running.length);
      await new Promise((resolve) => setImmediate(resolve));
      running.splice(running.indexOf(name), 1);
      return name;
    };
    const names = ["a", "b", "c", "d", "e"];

    const got = await twice((turn) => Promise.all(names.map((name) => turn.step(name, slow(name)))));

    expect(most).toBe(5);
    expect(got).toEqual([names, names]);
  });

  it("that is asked for twice at the same time is run once", async () => {
    const step = counting("once");

    const got = await twice((turn) => Promise.all([turn.step("a", step.run), turn.step("a", step.run)]));

    expect(step.calls).toBe(1);
    expect(got).toEqual([
      ["once", "once"],
      ["once", "once"],
    ]);
  });

  it("that throws has no result: it is run again within the turn and in the next attempt", async () => {
    let calls = 0;
    const flaky = () => {
      calls += 1;
      if (calls < 3) throw new Error(`try ${calls}`);
      return "at last";
    };

    const got = await twice(async (turn) => {
      const error = turn.attempt === 1 ? await rejection(turn.step("flaky", flaky)) : null;
      return [error instanceof Error ? error.message : null, await turn.step("flaky", flaky).catch(() => "failed")];
    });

    expect(got).toEqual([
      ["try 1", "failed"],
      [null, "at last"],
    ]);
    expect(calls).toBe(3);
  });

  it("that throws takes nothing from those beside it", async () => {
    const good = counting("good");

    const got = await twice((turn) =>
      Promise.allSettled([turn.step("bad", () => Promise.reject(new Error("no"))), turn.step("good", good.run)]),
    );

    expect(good.calls).toBe(1);
    expect(got[1]).toMatchObject([{ status: "rejected" }, { status: "fulfilled", value: "good" }]);
  });
});

describe("a turn that lost its session", () => {
  it("stores no step: the write is refused and the turn told so (G3, J1)", async () => {
    const { world, sender } = await withSession();
    const host = holding();
    await world.start("worker", { executors: [host.executor] });
    await send(sender, ref);
    await world.advance(100);
    const { turn } = host.last();
    world.notices.setDrop((_node, message) => message.type === "run.abort");
    await sender.runtime.control(ref, { verb: "stop", requestId: ids.request() });

    const error = await rejection(turn.step("late", () => "side effect"));

    expect(turn.signal.aborted).toBe(false);
    expect(error).toMatchObject({ name: "AbortError" });
    expect(await world.store.journal.load({ ref, runId: turn.runId, entries: 1 })).toEqual([]);
  });

  it("leaves the journal of whoever took over alone, though the run is the same (G3, J1)", async () => {
    const { world, sender } = await withSession();
    const [host, heir] = [holding(), holding()];
    const worker = await world.start("worker", { executors: [host.executor] });
    await send(sender, ref);
    await world.advance(100);
    const door = new Door();
    door.close();
    const written = rejection(host.last().turn.step("charge", () => door.pass()));
    worker.freeze();
    await world.start("heir", { executors: [heir.executor] });
    await world.advance(20_000);

    worker.thaw();
    door.open();
    await world.settle();
    const step = counting("of the heir");
    const result = await heir.last().turn.step("charge", step.run);

    expect(heir.last().turn.runId).toBe(host.last().turn.runId);
    expect(await written).toMatchObject({ name: "AbortError" });
    expect([result, step.calls]).toEqual(["of the heir", 1]);
  });

  it("does not begin a step once its signal is aborted", async () => {
    const { world, sender } = await withSession();
    const host = holding();
    await world.start("worker", { executors: [host.executor] });
    await send(sender, ref);
    await world.advance(100);
    const step = counting(1);
    await sender.runtime.control(ref, { verb: "stop", requestId: ids.request() });
    await world.settle();

    const error = await rejection(host.last().turn.step("late", step.run));

    expect(error).toMatchObject({ name: "AbortError" });
    expect(step.calls).toBe(0);
  });
});

describe("a journal entry whose answer is lost", () => {
  it("is written again until it is answered: the turn goes on, with one result, and nothing is charged", async () => {
    const { world, sender } = await withSession();
    const [first, second] = [counting("first"), counting("second")];
    const host = executor(async (turn) => ({
      kind: "completed",
      output: await Promise.all([turn.step("first", first.run), turn.step("second", second.run)]),
    }));
    const wrap = withJournal((journal) => faultyJournal(journal, strikeAt("journal.after", [1, 2])));
    await world.start("worker", { executors: [host], wrap });

    const { inputId, completion } = await send(sender, ref);
    await world.advance(5_000);

    expect(await completion).toMatchObject({ kind: "completed", output: ["first", "second"] });
    expect([first.calls, second.calls]).toEqual([1, 1]);
    expect(await sender.runtime.inputState(ref, { inputId })).toMatchObject({ attempts: 1, failures: 0 });
  });

  it("that cannot be read at first is read later in the same turn", async () => {
    const { world, sender } = await withSession();
    let loads = 0;
    const wrap = withJournal((journal) => ({
      settle: (command) => journal.settle(command),
      load: async (query) => {
        loads += 1;
        if (loads === 1) unavailable();
        return journal.load(query);
      },
    }));
    const step = counting(1);
    const host = executor(async (turn) => {
      await turn.step("a", step.run);
      return turn.attempt === 1 ? failure() : { kind: "completed" };
    });
    await world.start("worker", { executors: [host], wrap });

    const { inputId } = await send(sender, ref);
    await world.advance(5_000);

    expect([loads, step.calls]).toEqual([2, 1]);
    expect(await sender.runtime.inputState(ref, { inputId })).toMatchObject({ status: "consumed", attempts: 2 });
  });
});

describe("a batch", () => {
  /** Sends two prompts to an executor that takes both at once. */
  async function pair(apply: (turn: Turn) => unknown) {
    const { world, sender } = await withSession();
    for (const text of ["one", "two"]) await send(sender, ref, text);
    await world.start("worker", { executors: [executor(apply, { maxBatch: 10 })] });
    return { world, sender };
  }

  it("that is split after a failure leaves its members runs of their own, with empty journals", async () => {
    const step = counting(1);
    const turns: { readonly texts: string[]; readonly runId: string }[] = [];
    const { world } = await pair(async (turn) => {
      turns.push({ texts: textsOf(turn), runId: turn.runId });
      await turn.step("a", step.run);
      return turn.inputs.length > 1 ? failure() : { kind: "completed" };
    });

    await world.advance(20_000);

    expect(turns.map(({ texts }) => texts)).toEqual([["one", "two"], ["one"], ["two"]]);
    expect(new Set(turns.map(({ runId }) => runId)).size).toBe(3);
    expect(step.calls).toBe(3);
  });

  it("is not formed anew around an input whose run has settled steps", async () => {
    const step = counting(1);
    const turns: { readonly texts: string[]; readonly runId: string }[] = [];
    const { world, sender } = await withSession();
    const host = executor(
      async (turn) => {
        turns.push({ texts: textsOf(turn), runId: turn.runId });
        await turn.step("a", step.run);
        if (turns.length > 1) return { kind: "completed" };
        for (const text of ["two", "three"]) await send(sender, ref, text);
        return failure();
      },
      { maxBatch: 10 },
    );
    await world.start("worker", { executors: [host] });

    await send(sender, ref, "one");
    await world.advance(20_000);

    expect(turns.map(({ texts }) => texts)).toEqual([["one"], ["one"], ["two", "three"]]);
    expect(turns[1]?.runId).toBe(turns[0]?.runId);
    expect(step.calls).toBe(2);
  });
});

describe("a step that cannot be stored", () => {
  const cyclic: Record<string, unknown> = {};
  cyclic["self"] = cyclic;

  it.each<[string, (turn: Turn) => Promise<unknown>]>([
    ["a big integer", (turn) => turn.step("k", () => 5n)],
    ["a function", (turn) => turn.step("k", () => () => 1)],
    ["a cycle", (turn) => turn.step("k", () => cyclic)],
    ["half a character", (turn) => turn.step("k", () => "\ud800")],
    ["a key with half a character", (turn) => turn.step("\ud800", () => 1)],
    ["arguments that have no JSON", (turn) => turn.step("k", () => 1, { n: 5n })],
    ["more than the limit", (turn) => turn.step("k", () => "x".repeat(MAX_RESULT_BYTES))],
  ])("rejects, and fails its turn as the executor's mistake: %s", async (_what, step) => {
    const { world, sender } = await withSession();
    const seen: unknown[] = [];
    const host = executor(async (turn) => {
      const running = step(turn);
      running.catch((error: unknown) => seen.push(error));
      await running;
      return { kind: "completed" };
    });
    await world.start("worker", { executors: [host] });

    const { completion } = await send(sender, ref);
    await world.advance(60_000);

    expect(await completion).toMatchObject({ kind: "abandoned", failure: { code: "executor.invalid_result" } });
    expect(seen).toHaveLength(3);
  });

  it("ends nothing but itself when nobody waits for it", async () => {
    const { world, sender } = await withSession();
    const host = executor((turn) => {
      void turn.step("k", () => Promise.reject(new Error("nobody listens")));
      void turn.step("k", () => 1, 5n);
      return { kind: "completed" };
    });
    await world.start("worker", { executors: [host] });

    const { completion } = await send(sender, ref);
    await world.advance(100);

    expect(await completion).toMatchObject({ kind: "completed_without_result" });
  });
});
