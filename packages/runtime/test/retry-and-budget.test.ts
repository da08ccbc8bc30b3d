import { epochMsOf, type NewInput } from "@holdfast/contracts";
import { binding, prompt, sessionRef } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import type { Turn } from "../src/index.ts";
import { failure, ref, withSession } from "./support/bound-session.ts";
import { executor, holding, recording, textsOf } from "./support/executors.ts";
import { send } from "./support/send.ts";
import { createWorld, type World } from "./support/world.ts";

interface Attempt {
  readonly texts: string[];
  readonly runId: string;
  readonly attempt: number;
  readonly at: number;
}

/** An executor that fails on some texts and keeps when it was asked for what. */
function failingOn(
  world: World,
  isFailing: (turn: Turn) => boolean,
  options: { maxBatch?: number; retryAt?: string } = {},
) {
  const attempts: Attempt[] = [];
  const host = executor(
    (turn) => {
      attempts.push({ texts: textsOf(turn), runId: turn.runId, attempt: turn.attempt, at: world.clock.monotonic() });
      return isFailing(turn) ? failure(options.retryAt) : { kind: "completed" };
    },
    { maxBatch: options.maxBatch ?? 1 },
  );
  const order = () => attempts.map(({ texts }) => texts.join("+"));
  return { host, attempts, order };
}

const failsOn =
  (...texts: string[]) =>
  (turn: Turn) =>
    textsOf(turn).some((text) => texts.includes(text));

describe("an input that fails", () => {
  it("is tried three times under one run id, then is a dead letter, and the session moves on", async () => {
    const { world, sender } = await withSession();
    const { host, attempts, order } = failingOn(world, failsOn("bad"));
    await world.start("worker", { executors: [host] });
    const bad = await send(sender, ref, "bad");
    const good = await send(sender, ref, "good");

    await world.advance(60_000);

    expect(order()).toEqual(["bad", "bad", "bad", "good"]);
    expect(attempts.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 1]);
    expect(new Set(attempts.slice(0, 3).map(({ runId }) => runId)).size).toBe(1);
    expect(await bad.completion).toEqual({
      kind: "abandoned",
      reason: "max_attempts_exhausted",
      attempts: 3,
      failure: { code: "model.refused", message: "no" },
    });
    expect(await good.completion).toMatchObject({ kind: "completed_without_result" });
    const { items } = await sender.runtime.listDeadLetters(ref, { after: 0, limit: 10 });
    expect(items).toMatchObject([{ inputId: bad.inputId, failures: 3, losses: 0, failure: { code: "model.refused" } }]);
    expect(await sender.runtime.findSession(ref)).toMatchObject({ deadLetters: 1 });
  });

  it("is tried again at once when nobody else waits, and after a delay of growing bounds from then on", async () => {
    const world = createWorld({ budget: { maxFailures: 5 } });
    const sender = await world.start("sender");
    const times = new Map<string, number[]>();
    const host = executor((turn) => {
      times.set(turn.runId, [...(times.get(turn.runId) ?? []), world.clock.monotonic()]);
      return failure();
    });
    await world.start("worker", { executors: [host] });
    for (let n = 1; n <= 40; n += 1) await send(sender, sessionRef(`chat/${n}`), "hello", { createWith: binding() });

    await world.advance(60_000);

    const delays = [...times.values()].map((at) => at.slice(1).map((time, index) => time - (at[index] ?? 0)));
    const longest = [0, 1, 2, 3].map((retry) => Math.max(...delays.map((of) => of[retry] ?? Number.NaN)));
    // What waits for a time is found by a sweep, and started by it or by the next one.
    const slack = world.timing.sweepDelayMs + 2 * world.timing.sweepPollMs;
    expect(delays.map((of) => of[0])).toEqual(delays.map(() => 0));
    [2_000, 4_000, 8_000].forEach((bound, index) => {
      expect(longest[index + 1]).toBeGreaterThan(0.75 * bound);
      expect(longest[index + 1]).toBeLessThanOrEqual(bound + slack);
    });
  });

  it("keeps its place under hold: what is behind waits, however long the delay (G6)", async () => {
    const { world, sender } = await withSession("hold");
    const retryAt = new Date(world.clock.now() + 30_000).toISOString();
    const { host, attempts, order } = failingOn(world, (turn) => turn.attempt === 1 && failsOn("one")(turn), {
      retryAt,
    });
    await world.start("worker", { executors: [host] });
    for (const text of ["one", "two"]) await send(sender, ref, text);

    await world.advance(29_000);
    const early = order();
    await world.advance(5_000);

    expect(early).toEqual(["one"]);
    expect(order()).toEqual(["one", "one", "two"]);
    expect(attempts[1]?.at).toBeGreaterThanOrEqual(30_000);
  });

  it("moves behind the backlog under defer, and backs off because others wait", async () => {
    const { world, sender } = await withSession("defer");
    const { host, attempts, order } = failingOn(world, (turn) => turn.attempt === 1 && failsOn("one")(turn));
    for (const text of ["one", "two", "three"]) await send(sender, ref, text);
    await world.start("worker", { executors: [host] });

    await world.advance(10_000);

    expect(order()).toEqual(["one", "two", "three", "one"]);
    expect(attempts[3]?.runId).toBe(attempts[0]?.runId);
    expect(attempts[3]?.at).toBeGreaterThan(attempts[0]?.at as number);
  });

  it("is tried again at once under defer, too, when nobody waits", async () => {
    const { world, sender } = await withSession("defer");
    const { host, attempts } = failingOn(world, (turn) => turn.attempt === 1);
    await world.start("worker", { executors: [host] });
    await send(sender, ref);

    await world.advance(10_000);

    expect(attempts.map(({ at }) => at - (attempts[0]?.at ?? 0))).toEqual([0, 0]);
  });

  it("is not tried before the time its executor named, though nobody else waits", async () => {
    const { world, sender } = await withSession();
    const retryAt = new Date(world.clock.now() + 7_000).toISOString();
    const { host, attempts } = failingOn(world, (turn) => turn.attempt === 1, { retryAt });
    await world.start("worker", { executors: [host] });
    const { inputId } = await send(sender, ref);

    await world.advance(6_999);
    const state = await sender.runtime.inputState(ref, { inputId });
    const early = attempts.length;
    await world.advance(3_000);

    expect(early).toBe(1);
    expect(state).toMatchObject({ status: "queued", notBeforeAt: epochMsOf(retryAt), failures: 1 });
    expect(attempts).toHaveLength(2);
  });

  it("leaves the rest of its budget to itself: that of the next input is whole", async () => {
    const { world, sender } = await withSession();
    const { host, order } = failingOn(world, (turn) => turn.attempt < 3);
    await world.start("worker", { executors: [host] });
    for (const text of ["one", "two"]) await send(sender, ref, text);

    await world.advance(60_000);

    expect(order()).toEqual(["one", "one", "one", "two", "two", "two"]);
    expect(await sender.runtime.findSession(ref)).toMatchObject({ deadLetters: 0, position: 2 });
  });
});

describe("an input whose workers die", () => {
  /** Kills the worker of each attempt, as often as asked; answers the attempts that began. */
  async function killing(world: World, times: number): Promise<Turn[]> {
    const turns: Turn[] = [];
    for (let n = 1; n <= times; n += 1) {
      const host = holding();
      const worker = await world.start(`worker${n}`, { executors: [host.executor] });
      await world.advance(world.timing.leaseMs + world.timing.graceMs + world.timing.sweepDelayMs);
      turns.push(...host.turns.map(({ turn }) => turn));
      worker.kill();
    }
    return turns;
  }

  it("is given up after ten losses as executor_lost, and the session moves on", async () => {
    const { world, sender } = await withSession();
    const { inputId, completion } = await send(sender, ref, "deadly");
    const next = await send(sender, ref, "after it");

    const turns = await killing(world, 10);
    await world.start("last", { executors: [recording()] });
    await world.advance(20_000);

    expect(turns.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(new Set(turns.map(({ runId }) => runId)).size).toBe(1);
    expect(await completion).toEqual({ kind: "abandoned", reason: "executor_lost", attempts: 10 });
    expect(await next.completion).toMatchObject({ kind: "completed", output: "after it" });
    const { items } = await sender.runtime.listDeadLetters(ref, { after: 0, limit: 10 });
    expect(items).toMatchObject([{ inputId, failures: 0, losses: 10 }]);
  });

  it("is charged a loss, no failure, and keeps its place before what came later (G6)", async () => {
    const { world, sender } = await withSession("defer");
    const first = await send(sender, ref, "one");
    await killing(world, 1);
    await send(sender, ref, "two");
    const { host, order } = failingOn(world, () => false);
    await world.start("next", { executors: [host] });

    await world.advance(20_000);

    expect(order()).toEqual(["one", "two"]);
    expect(await sender.runtime.inputState(ref, first)).toMatchObject({ attempts: 2, losses: 1, failures: 0 });
  });

  it("is handed out with others of its batch once more; after the second loss each runs alone", async () => {
    const { world, sender } = await withSession();
    for (const text of ["one", "two"]) await send(sender, ref, text);
    const batches: { texts: string[]; runId: string }[] = [];
    for (let n = 1; n <= 2; n += 1) {
      const host = executor(
        (turn) => {
          batches.push({ texts: textsOf(turn), runId: turn.runId });
          return new Promise(() => {});
        },
        { maxBatch: 10 },
      );
      const worker = await world.start(`worker${n}`, { executors: [host] });
      await world.advance(world.timing.leaseMs + world.timing.graceMs + world.timing.sweepDelayMs);
      worker.kill();
    }
    const { host, attempts } = failingOn(world, () => false, { maxBatch: 10 });
    await world.start("last", { executors: [host] });
    await world.advance(20_000);

    expect(batches.map(({ texts }) => texts)).toEqual([
      ["one", "two"],
      ["one", "two"],
    ]);
    expect(batches[1]?.runId).toBe(batches[0]?.runId);
    expect(attempts.map(({ texts }) => texts)).toEqual([["one"], ["two"]]);
    const runIds = [batches[0], ...attempts].map((run) => run?.runId);
    expect(new Set(runIds).size).toBe(3);
  });
});

describe("a batch that fails", () => {
  it("is taken apart at the first failure: one bad input does not spend the budget of the others", async () => {
    const { world, sender } = await withSession();
    const { host, order } = failingOn(world, failsOn("bad"), { maxBatch: 10 });
    const sent = [];
    for (const text of ["one", "bad", "three"]) sent.push(await send(sender, ref, text));
    await world.start("worker", { executors: [host] });

    await world.advance(60_000);

    expect(order()).toEqual(["one+bad+three", "one", "bad", "bad", "three"]);
    const outcomes = await Promise.all(sent.map(({ completion }) => completion));
    expect(outcomes.map(({ kind }) => kind)).toEqual([
      "completed_without_result",
      "abandoned",
      "completed_without_result",
    ]);
  });
});

describe("a scheduled input", () => {
  const later = (world: World, ms: number, text: string): NewInput =>
    ({ ...prompt(text), notBefore: new Date(world.clock.now() + ms).toISOString() }) as NewInput;

  it("is not attempted before its time, and blocks nobody until then", async () => {
    const { world, sender } = await withSession();
    const { host, attempts, order } = failingOn(world, () => false);
    await world.start("worker", { executors: [host] });
    await send(sender, ref, later(world, 10_000, "later"));
    await send(sender, ref, "now");

    await world.advance(9_999);
    const early = order();
    await world.advance(2_000 + 1.5 * world.timing.sweepPollMs);

    expect(early).toEqual(["now"]);
    expect(order()).toEqual(["now", "later"]);
    expect(attempts[1]?.at).toBeGreaterThanOrEqual(10_000);
  });
});

it("an orderly hand-back counts for nothing, however often it happens", async () => {
  const { world, sender } = await withSession();
  const { inputId, completion } = await send(sender, ref);
  for (let n = 1; n <= 12; n += 1) {
    const host = holding({ heedsSignal: true });
    const worker = await world.start(`worker${n}`, { executors: [host.executor] });
    await world.advance(5_000);
    expect(host.last().turn.attempt).toBe(n);
    await worker.stop({ graceMs: 0 });
    worker.kill();
  }

  await world.start("last", { executors: [recording()] });
  await world.advance(5_000);

  expect(await completion).toMatchObject({ kind: "completed" });
  expect(await sender.runtime.inputState(ref, { inputId })).toMatchObject({ attempts: 13, failures: 0, losses: 0 });
});
