import { AppError, isAppError, MAX_RESULT_BYTES, type Outcome, type RunId } from "@holdfast/contracts";
import { binding, createIds, sessionRef } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import type { Turn } from "../src/index.ts";
import { executor, holding, textsOf } from "./support/executors.ts";
import { rejection } from "./support/rejection.ts";
import { send } from "./support/send.ts";
import { createWorld } from "./support/world.ts";

const ref = sessionRef("chat/42");
const ids = createIds();

async function withSender() {
  const world = createWorld();
  const sender = await world.start("sender");
  await sender.runtime.ensureSessionWithExecutor(ref, binding());
  return { world, sender };
}

/** Runs one input whose every attempt comes to the same, until it ends; then another that succeeds. */
async function fateOf(
  attempt: () => unknown,
  tamper: (turn: Turn) => void = () => {},
): Promise<{ outcome: Outcome; attempts: number; next: Outcome }> {
  const { world, sender } = await withSender();
  let attempts = 0;
  const host = executor((turn) => {
    if (textsOf(turn)[0] === "after it") return { kind: "completed", output: "ran" };
    attempts += 1;
    tamper(turn);
    return attempt();
  });
  const worker = await world.start("worker", { executors: [host] });
  const first = await send(sender, ref, "odd");
  const second = await send(sender, ref, "after it");
  await world.advance(60_000);
  expect(worker.reports.map(({ phrase }) => phrase)).not.toContain("hold ended by an error");
  return { outcome: await first.completion, attempts, next: await second.completion };
}

const cyclic: Record<string, unknown> = {};
cyclic["self"] = cyclic;

describe("an executor that", () => {
  it.each<[string, () => unknown, string]>([
    ["throws an error", () => Promise.reject(new Error("model is down")), "model is down"],
    ["throws something else", () => Promise.reject("just text" as unknown as Error), "just text"],
    ["throws nothing", () => Promise.reject(undefined as unknown as Error), "undefined"],
    ["throws what has no text", () => Promise.reject(Object.create(null) as Error), "what was thrown has no text"],
  ])("%s has failed, retryably, and the failure says what it threw", async (_what, attempt, message) => {
    const { outcome, attempts, next } = await fateOf(attempt);

    expect(attempts).toBe(3);
    expect(outcome).toEqual({
      kind: "abandoned",
      reason: "max_attempts_exhausted",
      attempts: 3,
      failure: { code: "executor.failed", message },
    });
    expect(next).toMatchObject({ kind: "completed" });
  });

  it("throws before its first await has failed like any other", async () => {
    const { world, sender } = await withSender();
    const host = {
      ...executor(() => null),
      apply: () => {
        throw new Error("at once");
      },
    };
    await world.start("worker", { executors: [host] });
    const { completion } = await send(sender, ref);

    await world.advance(60_000);

    expect(await completion).toMatchObject({ kind: "abandoned", failure: { message: "at once" } });
  });

  it.each<[string, () => unknown]>([
    ["nothing", () => undefined],
    ["null", () => null],
    ["a text", () => "done"],
    ["a list", () => []],
    ["a kind that does not exist", () => ({ kind: "finished" })],
    ["a member that does not exist", () => ({ kind: "completed", answer: 42 })],
    ["a failure without a code", () => ({ kind: "failed", failure: { message: "no" }, isRetryable: true })],
    [
      "a time that is none",
      () => ({ kind: "failed", failure: { code: "a", message: "b" }, isRetryable: true, retryAt: "soon" }),
    ],
    ["a negative count", () => ({ kind: "completed", messageCount: -1 })],
  ])("answers %s has failed with executor.invalid_result", async (_what, attempt) => {
    const { outcome, next } = await fateOf(attempt);

    expect(outcome).toMatchObject({ kind: "abandoned", failure: { code: "executor.invalid_result" } });
    expect(next).toMatchObject({ kind: "completed" });
  });

  it.each<[string, unknown]>([
    ["a cycle", cyclic],
    ["not a number", { value: Number.NaN }],
    ["an infinity", [Number.POSITIVE_INFINITY]],
    ["half a character", { text: "\ud800" }],
    ["a key of the prototype chain", JSON.parse('{"__proto__":{"isAdmin":true}}')],
    ["nesting without end", JSON.parse(`${"[".repeat(1_000)}${"]".repeat(1_000)}`)],
    ["a big integer", { value: 10n }],
    ["a function", { fn: () => 1 }],
    ["a function in a list", [() => 1]],
    ["nothing but a function", () => 1],
    ["a symbol", { symbol: Symbol("s") }],
    ["a promise nobody awaited", Promise.resolve({ a: 1 })],
    ["a map", { seen: new Map([["a", 1]]) }],
    [
      "a member that cannot be read",
      {
        get value(): never {
          throw new Error("not yours");
        },
      },
    ],
    [
      "an own idea of its JSON",
      {
        toJSON: () => {
          throw new Error("no JSON of mine");
        },
      },
    ],
  ])("answers with a state or an output that has %s has failed with executor.invalid_result", async (_what, value) => {
    for (const result of [{ state: value }, { output: value }]) {
      const { outcome, next } = await fateOf(() => ({ kind: "completed", ...result }));

      expect(outcome).toMatchObject({ kind: "abandoned", failure: { code: "executor.invalid_result" } });
      expect(next).toMatchObject({ kind: "completed" });
    }
  });

  it("answers with members that are undefined has left them out", async () => {
    const { world, sender } = await withSender();
    await world.start("worker", {
      executors: [executor(() => ({ kind: "completed", state: { a: 1, b: undefined }, output: undefined }))],
    });
    const { completion } = await send(sender, ref);

    await world.advance(100);

    expect(await completion).toMatchObject({ kind: "completed_without_result" });
    expect(await sender.runtime.sessionState(ref)).toEqual({ state: { a: 1 }, position: 1 });
  });

  it("answers superseded by what it was not shown is refused once and for all", async () => {
    const answer = { kind: "superseded", by: ids.input() };

    const { outcome, attempts, next } = await fateOf(() => answer);

    expect(attempts).toBe(1);
    expect(outcome).toMatchObject({ kind: "abandoned", attempts: 1, failure: { code: "executor.unsupported_result" } });
    expect(next).toMatchObject({ kind: "completed" });
  });

  it("says that a failure is final is not asked again", async () => {
    const failure = { code: "model.refused", message: "never" };

    const { outcome, attempts } = await fateOf(() => ({ kind: "failed", failure, isRetryable: false }));

    expect(attempts).toBe(1);
    expect(outcome).toEqual({ kind: "abandoned", reason: "max_attempts_exhausted", attempts: 1, failure });
  });

  it("is given inputs that contradict each other about the turn gets them one by one instead", async () => {
    const { world, sender } = await withSender();
    const batches: string[][] = [];
    const host = executor(
      (turn) => {
        batches.push(textsOf(turn));
        return { kind: "completed", messageCount: turn.primitive.kind.length };
      },
      { maxBatch: 10 },
    );
    for (const model of ["large", "small"]) {
      await send(sender, ref, { kind: "prompt", text: model, turnMetadata: { model } });
    }
    await world.start("worker", { executors: [host] });

    await world.advance(60_000);

    expect(batches).toEqual([["large", "small"], ["large"], ["small"]]);
  });
});

describe("what an executor hands in", () => {
  const hostile = new Proxy(new Error("no"), {
    has: () => {
      throw new Error("not yours to ask");
    },
  });

  it.each<[string, unknown]>([
    ["an error that refuses to be looked at", hostile],
    ["an error that claims to be one of ours", Object.assign(new AppError("input.invalid"), { code: 5 })],
    ["an error of ours with a code of theirs", Object.assign(new AppError("input.invalid"), { code: "toString" })],
  ])("counts as failed, whatever it throws: %s", async (_what, thrown) => {
    const { outcome, attempts, next } = await fateOf(() => Promise.reject(thrown as Error));

    expect(attempts).toBe(3);
    expect(outcome).toMatchObject({ kind: "abandoned", failure: { code: "executor.failed" } });
    expect(next).toMatchObject({ kind: "completed" });
  });

  it("is read once: what would say something else the second time is not asked again", async () => {
    let asked = 0;
    const { outcome } = await fateOf(() => ({
      get kind() {
        asked += 1;
        return asked === 1 ? "completed" : "garbage";
      },
    }));

    expect(outcome).toMatchObject({ kind: "completed_without_result" });
    expect(asked).toBe(1);
  });

  it.each(["state", "output"])("fails its turn alone when a %s is larger than the limit", async (name) => {
    const { outcome, next } = await fateOf(() => ({ kind: "completed", [name]: "x".repeat(MAX_RESULT_BYTES) }));

    expect(outcome).toMatchObject({ kind: "abandoned", failure: { code: "executor.invalid_result" } });
    expect(next).toMatchObject({ kind: "completed" });
  });

  it("may be as large as the limit in bytes, not in characters", async () => {
    const { outcome } = await fateOf(() => ({ kind: "completed", output: "é".repeat(MAX_RESULT_BYTES / 2 - 1) }));
    const { outcome: larger } = await fateOf(() => ({ kind: "completed", output: "é".repeat(MAX_RESULT_BYTES / 2) }));

    expect(outcome).toMatchObject({ kind: "completed" });
    expect(larger).toMatchObject({ kind: "abandoned", failure: { code: "executor.invalid_result" } });
  });

  it("says of a failure what can be stored: bounded, and in whole characters", async () => {
    const failure = { code: `a|${"c".repeat(10_000)}`, message: `half \ud800${"m".repeat(1_000_000)}` };

    const { outcome } = await fateOf(() => ({ kind: "failed", failure, isRetryable: false }));

    const said = outcome.kind === "abandoned" ? outcome.failure : undefined;
    expect(said?.code).toBe(failure.code.slice(0, 128));
    expect(said?.message).toBe(failure.message.slice(0, 1_000).toWellFormed());
  });

  it("does not change the fence by which its settlement proves itself (G3)", async () => {
    const { outcome, attempts } = await fateOf(
      () => ({ kind: "completed" }),
      (turn) => {
        Object.assign(turn.fence, { token: 99, claimId: "clm_somebody_else" });
        (turn.inputs as unknown[]).length = 0;
      },
    );

    expect(attempts).toBe(1);
    expect(outcome).toMatchObject({ kind: "completed_without_result" });
  });
});

describe("an interrupt", () => {
  /** A session with a committed state and a second turn in progress. */
  async function withRun(options?: Parameters<typeof holding>[0]) {
    const { world, sender } = await withSender();
    const host = holding(options);
    const worker = await world.start("worker", { executors: [host.executor] });
    const first = await send(sender, ref, "one");
    await world.advance(100);
    host.last().answer({ kind: "completed", state: { kept: true } });
    await world.advance(1);
    await first.completion;
    const { inputId, completion } = await send(sender, ref, "two");
    await world.advance(100);
    const { runId } = host.last().turn;
    const interrupt = (id: RunId = runId) =>
      sender.runtime.interruptCurrentRun(ref, { requestId: ids.request(), runId: id });
    return { world, sender, worker, host, inputId, completion, runId, interrupt };
  }

  const cancelled = (runId: RunId) => ({ kind: "cancelled", runId, position: 2, attempts: 1 });

  it("ends a turn that heeds its signal: cancelled, with a receipt and the state as it was", async () => {
    const { world, sender, host, completion, runId, interrupt } = await withRun({ heedsSignal: true });

    const report = await interrupt();
    await world.advance(1);

    expect(report).toMatchObject({ verb: "interrupt", abortedRunId: runId, phaseBefore: "idle", phaseAfter: "idle" });
    expect(host.last().turn.signal.aborted).toBe(true);
    expect(await completion).toEqual(cancelled(runId));
    expect(await sender.runtime.sessionState(ref)).toEqual({ state: { kept: true }, position: 2 });
    expect(await sender.runtime.loadBoundaryReceipt(ref, { runId, sequence: 1 })).toMatchObject({
      result: "cancelled",
      position: 2,
      contributors: [host.last().turn.inputs[0]?.id],
    });
  });

  it("takes the state that the executor returns as cancelled", async () => {
    const { world, sender, host, completion, runId, interrupt } = await withRun();
    await interrupt();
    await world.advance(1);

    host.last().answer({ kind: "cancelled", state: { half: "done" } });
    await world.advance(1);

    expect(await completion).toEqual(cancelled(runId));
    expect(await sender.runtime.sessionState(ref)).toMatchObject({ state: { half: "done" } });
  });

  it("loses against a turn that completes first", async () => {
    const { world, sender, host, completion, interrupt } = await withRun();
    await interrupt();
    await world.advance(1);

    host.last().answer({ kind: "completed", state: { done: true }, output: 2 });
    await world.advance(1);

    expect(await completion).toMatchObject({ kind: "completed", output: 2 });
    expect(await sender.runtime.sessionState(ref)).toMatchObject({ state: { done: true } });
  });

  it("ends a turn that answers failed, with a receipt and no further attempt", async () => {
    const { world, host, completion, runId, interrupt } = await withRun();
    await interrupt();
    await world.advance(1);

    host.last().answer({ kind: "failed", failure: { code: "model.cut", message: "cut off" }, isRetryable: true });
    await world.advance(60_000);

    expect(await completion).toEqual(cancelled(runId));
    expect(host.turns).toHaveLength(2);
  });

  it("ends a turn that ignores its signal after a moment, and what it says later counts for nothing", async () => {
    const { world, sender, worker, host, completion, runId, interrupt } = await withRun();

    await interrupt();
    await world.advance(1_001);
    host.last().answer({ kind: "completed", state: { late: true } });
    await world.advance(60_000);

    expect(await completion).toEqual(cancelled(runId));
    expect(await sender.runtime.sessionState(ref)).toEqual({ state: { kept: true }, position: 2 });
    expect(worker.worker?.held).toBe(0);
  });

  it("lets the session go on with what is queued behind", async () => {
    const { world, sender, host, interrupt } = await withRun({ heedsSignal: true });
    await send(sender, ref, "three");

    await interrupt();
    await world.advance(1);

    expect(textsOf(host.last().turn)).toEqual(["three"]);
    expect(host.last().turn.signal.aborted).toBe(false);
  });

  it("that nobody hears of reaches the turn with the next renewal", async () => {
    const { world, completion, runId, interrupt } = await withRun({ heedsSignal: true });
    world.notices.setDrop((_node, message) => message.type === "run.abort");

    await interrupt();
    await world.advance(world.timing.renewMs * 1.1);

    expect(await completion).toEqual(cancelled(runId));
  });

  it("of another run is refused and leaves the current one alone", async () => {
    const { world, host, runId, interrupt } = await withRun();
    const [first] = host.turns;

    const error = await rejection(interrupt(first?.turn.runId));
    await world.advance(10_000);

    expect(isAppError(error, "run.not_current")).toBe(true);
    expect(error).toMatchObject({ details: { runId: first?.turn.runId, currentRunId: runId } });
    expect(host.last().turn.signal.aborted).toBe(false);
  });

  it("of a session without a run is refused", async () => {
    const { sender } = await withSender();

    const named = await rejection(
      sender.runtime.interruptCurrentRun(ref, { requestId: ids.request(), runId: ids.run() }),
    );
    const unnamed = await rejection(sender.runtime.interruptCurrentRun(ref, { requestId: ids.request() }));

    expect(isAppError(named, "run.not_current")).toBe(true);
    expect(isAppError(unnamed, "control.refused")).toBe(true);
  });

  it("is one interrupt however often it is sent: a later run is not meant (G10)", async () => {
    const { world, sender, host, runId } = await withRun({ heedsSignal: true });
    await send(sender, ref, "three");
    const requestId = ids.request();
    const first = await sender.runtime.interruptCurrentRun(ref, { requestId });
    await world.advance(1);

    const again = await sender.runtime.interruptCurrentRun(ref, { requestId });
    await world.advance(10_000);

    expect(again).toEqual(first);
    expect(first).toMatchObject({ abortedRunId: runId });
    expect(host.last().turn.signal.aborted).toBe(false);
  });
});
