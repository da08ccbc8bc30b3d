/** Runs in progress: steering, boundaries, resumption, and how they are asked to end. */
import type { ExecutorResult, NewInput, RequestId, RunId } from "@holdfast/contracts";
import { prompt } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import type { Turn } from "../../src/index.ts";
import { Door } from "../support/calls.ts";
import { executor, holding, textsOf } from "../support/executors.ts";
import { send } from "../support/send.ts";
import type { OpenStage, Stage } from "./stage.ts";

const ALL = { after: 0, limit: 100 };
const requestId = (name: string) => `req ${name}` as RequestId;
const steer = (text: string): NewInput => ({ ...prompt(text), turnMetadata: { handlingMode: "steer" } }) as NewInput;

/** A bound session. */
async function bound(openStage: OpenStage): Promise<Stage> {
  const stage = await openStage();
  await stage.bind();
  return stage;
}

/** Every receipt of the session, as sequence, result and number of contributors. */
async function receiptsOf({ sender, ref }: Stage) {
  const { items } = await sender.runtime.listReceipts(ref, ALL);
  return items.map(({ sequence, result, contributors }) => [sequence, result, contributors.length]);
}

export function describeLiveRuns(openStage: OpenStage): void {
  describe("a run that is steered", () => {
    describeSteering(openStage);
  });
  describe("a run that goes on", () => {
    describeResuming(openStage);
  });
  describe("a run that is asked to end", () => {
    describeEnding(openStage);
  });
  describe("a result", () => {
    describeResults(openStage);
  });
}

function describeSteering(openStage: OpenStage): void {
  it("STR-01 RCP-07 takes a steer at an inner boundary, and ends with both (H6)", async () => {
    const stage = await bound(openStage);
    const door = new Door();
    door.close();
    const seen: string[][] = [];
    const host = executor(async (turn: Turn): Promise<ExecutorResult> => {
      await door.pass();
      for (const at of [1, 2]) {
        const more = await turn.inbox({ checkpoint: { state: at } });
        seen.push(more.map((input) => (input.kind === "prompt" ? input.text : "")));
      }
      return { kind: "completed", output: "done" };
    });
    await stage.worker("worker", host);
    const first = await send(stage.sender, stage.ref, "start");
    await stage.world.advance(100);
    const second = await send(stage.sender, stage.ref, steer("left"));

    door.open();
    await stage.world.advance(100);

    expect(seen).toEqual([["left"], []]);
    expect(await receiptsOf(stage)).toEqual([
      [1, "checkpointed", 1],
      [2, "checkpointed", 1],
      [3, "completed", 0],
    ]);
    const [one, two] = await Promise.all([first.completion, second.completion]);
    expect(one).toMatchObject({ kind: "completed", output: "done" });
    expect(two).toEqual(one);
    expect(await stage.sender.runtime.inputState(stage.ref, second)).toMatchObject({ status: "consumed" });
  });

  it("STR-04 delivers what several senders steer at once, each once; what comes later is the next run", async () => {
    const stage = await bound(openStage);
    const door = new Door();
    door.close();
    const runs: string[][] = [];
    const host = executor(async (turn: Turn): Promise<ExecutorResult> => {
      await door.pass();
      const taken = await turn.inbox();
      runs.push([...textsOf(turn), ...taken.map((input) => (input.kind === "prompt" ? input.text : ""))]);
      return { kind: "completed" };
    });
    await stage.worker("worker", host);
    await send(stage.sender, stage.ref, "start");
    await stage.world.advance(100);
    const senders = await Promise.all(["p1", "p2", "p3"].map((name) => stage.process(name)));
    await Promise.all(senders.map((sender, at) => send(sender, stage.ref, steer(`s${at}`))));

    door.open();
    await stage.world.advance(100);
    await send(stage.sender, stage.ref, steer("late"));
    await stage.world.advance(3_000);

    expect(runs.map((texts) => [...texts].sort())).toEqual([["s0", "s1", "s2", "start"], ["late"]]);
  });

  it("CNF-06 leaves a terminal response to its boundary, and is not cancelled by it", async () => {
    const stage = await bound(openStage);
    const door = new Door();
    door.close();
    const runs: string[][] = [];
    const host = executor(async (turn: Turn): Promise<ExecutorResult> => {
      runs.push(textsOf(turn));
      await door.pass();
      turn.signal.throwIfAborted();
      return { kind: "completed" };
    });
    await stage.worker("worker", host);
    const first = await send(stage.sender, stage.ref, "start");
    await stage.world.advance(100);

    await send(stage.sender, stage.ref, {
      kind: "peer",
      body: "here it is",
      source: { type: "peer", peerId: "peer" },
      convention: { type: "response_terminal", requestId: "asked", status: "completed" },
    } as NewInput);
    await stage.world.advance(1_000);
    expect(runs).toEqual([["start"]]);
    door.open();
    await stage.world.advance(1_000);

    expect(runs).toEqual([["start"], ["peer"]]);
    expect(await first.completion).toMatchObject({ kind: "completed_without_result" });
  });

  it.each([true, false])("ends its wait when an input asks for attention, told of it or not (%s)", async (isTold) => {
    const stage = await bound(openStage);
    const taken: string[] = [];
    const host = executor(async (turn: Turn): Promise<ExecutorResult> => {
      await turn.attention();
      taken.push(...(await turn.inbox()).map((input) => (input.kind === "prompt" ? input.text : "")));
      return { kind: "completed" };
    });
    await stage.worker("worker", host);
    await send(stage.sender, stage.ref, "start");
    if (!isTold) stage.world.notices.setDrop((_node, message) => message.type === "run.attend");
    await stage.world.advance(100);

    await send(stage.sender, stage.ref, steer("now"));
    await stage.world.advance(isTold ? 10 : 4_000);

    expect(taken).toEqual(["now"]);
  });
}

function describeResuming(openStage: OpenStage): void {
  it("CNF-13 goes on from its last boundary when its worker dies, and no input is handed over twice", async () => {
    const stage = await bound(openStage);
    const turns: { texts: string[]; resumed: Turn["resumed"] }[] = [];
    const host = executor(async (turn: Turn): Promise<ExecutorResult> => {
      turns.push({ texts: textsOf(turn), resumed: turn.resumed });
      if (turn.resumed !== null) return { kind: "completed", output: turn.resumed.data as string };
      await turn.checkpoint({ state: { half: true }, data: "half way" });
      return new Promise(() => {});
    });
    const dying = await stage.worker("a", host);
    const { completion } = await send(stage.sender, stage.ref, "start");
    await stage.world.advance(100);
    dying.kill();
    await stage.worker("b", host);

    await stage.world.advance(15_000);

    expect(turns).toEqual([
      { texts: ["start"], resumed: null },
      { texts: [], resumed: { sequence: 1, data: "half way", value: null } },
    ]);
    expect(await completion).toMatchObject({ kind: "completed", output: "half way" });
    expect(await receiptsOf(stage)).toEqual([
      [1, "checkpointed", 1],
      [2, "completed", 0],
    ]);
  });

  it("CNF-14 CMP-12 is consumed, and says why it ended, when its budget is spent after a boundary", async () => {
    const stage = await bound(openStage);
    let effects = 0;
    const host = executor(async (turn: Turn): Promise<ExecutorResult> => {
      if (turn.resumed === null) {
        effects += 1;
        await turn.checkpoint();
      }
      throw new Error("no");
    });
    await stage.worker("worker", host);
    const { inputId, completion } = await send(stage.sender, stage.ref, "start");

    await stage.world.advance(60_000);

    expect(effects).toBe(1);
    expect(await completion).toMatchObject({ kind: "abandoned", reason: "max_attempts_exhausted", attempts: 3 });
    expect(await stage.sender.runtime.inputState(stage.ref, { inputId })).toMatchObject({ status: "consumed" });
  });

  it("goes on with the value it was answered with, or at its time, and blocks nobody meanwhile", async () => {
    const stage = await bound(openStage);
    const { runtime } = stage.sender;
    const host = executor(async (turn: Turn): Promise<unknown> => {
      if (turn.resumed !== null) return { kind: "completed", output: turn.resumed.value ?? "time" };
      const [text] = textsOf(turn);
      if (text === "other") return { kind: "completed", output: "other" };
      const at = new Date(stage.world.clock.now() + 20_000).toISOString();
      const on = text === "ask" ? { type: "approval", approvalId: "a" } : { type: "timer", at };
      return { kind: "suspended", on };
    });
    await stage.worker("worker", host);
    const [asked, timed, other] = [
      await send(stage.sender, stage.ref, "ask"),
      await send(stage.sender, stage.ref, "sleep"),
      await send(stage.sender, stage.ref, "other"),
    ];
    await stage.world.advance(1_000);
    expect(await other.completion).toMatchObject({ output: "other" });
    const record = await runtime.inputState(stage.ref, asked);
    await runtime.resumeRun(stage.ref, { runId: record?.runId as RunId, requestId: requestId("yes"), value: "yes" });
    await stage.world.advance(1_000);
    expect(await asked.completion).toMatchObject({ kind: "completed", output: "yes" });

    await stage.world.advance(30_000);

    expect(await timed.completion).toMatchObject({ kind: "completed", output: "time" });
  });

  it("RUN-12 is noted after a silence and ended at its bound, and never tried again", async () => {
    const stage = await bound(openStage);
    const host = holding();
    await stage.worker("worker", host.executor);
    const { completion } = await send(stage.sender, stage.ref, "start");
    let ended = 0;
    void completion.then(() => (ended += 1));
    const noticed = async () => (await stage.sender.runtime.explain(stage.ref)).waitsFor;
    await stage.world.advance(119_000);
    expect(await noticed()).toMatchObject({ kind: "run", stalledAt: null });
    await stage.world.advance(2_000);
    expect(await noticed()).toMatchObject({ kind: "run", stalledAt: expect.any(String) });
    await stage.world.advance(3_470_000);
    expect([ended, host.last().turn.signal.aborted]).toEqual([0, false]);

    await stage.world.advance(120_000);

    expect(await completion).toMatchObject({
      kind: "abandoned",
      reason: "executor_not_progressing",
      failure: { code: "executor.not_progressing" },
    });
    expect(host.turns).toHaveLength(1);
  });
}

function describeEnding(openStage: OpenStage): void {
  it("CTL-07 reaches its boundary first when it may, however often it is asked (H7)", async () => {
    const stage = await bound(openStage);
    const door = new Door();
    door.close();
    const host = executor(async (turn: Turn): Promise<ExecutorResult> => {
      await door.pass();
      await turn.checkpoint({ state: textsOf(turn) });
      turn.signal.throwIfAborted();
      return { kind: "completed" };
    });
    await stage.worker("worker", host);
    const first = await send(stage.sender, stage.ref, "one");
    await stage.world.advance(100);
    for (const name of ["a", "b", "c"]) {
      await stage.sender.runtime.interruptCurrentRun(stage.ref, { requestId: requestId(name), at: "boundary" });
    }
    await stage.world.advance(5_000);
    expect(await receiptsOf(stage)).toEqual([]);

    door.open();
    await stage.world.advance(100);
    const second = await send(stage.sender, stage.ref, "two");
    await stage.world.advance(3_000);

    expect(await first.completion).toMatchObject({ kind: "cancelled" });
    expect(await second.completion).toMatchObject({ kind: "completed_without_result" });
    expect((await receiptsOf(stage)).map(([, result]) => result)).toEqual([
      "checkpointed",
      "cancelled",
      "checkpointed",
      "completed",
    ]);
  });

  it("CTL-06 CMP-10 RUN-10 FRM-04 hears of it while it waits, and is not tried again", async () => {
    const stage = await bound(openStage);
    const host = holding({ heedsSignal: true });
    await stage.worker("worker", host.executor);
    const { completion, inputId } = await send(stage.sender, stage.ref, "one");
    await stage.world.advance(100);

    await stage.sender.runtime.interruptCurrentRun(stage.ref, { requestId: requestId("stop") });
    await stage.world.advance(60_000);

    expect(await completion).toMatchObject({ kind: "cancelled", attempts: 1 });
    expect(await stage.sender.runtime.inputState(stage.ref, { inputId })).toMatchObject({
      status: "abandoned",
      outcome: { kind: "cancelled" },
    });
    expect(await stage.sender.runtime.listActiveInputs(stage.ref)).toEqual([]);
    expect(host.turns).toHaveLength(1);
    expect(await receiptsOf(stage)).toEqual([[1, "cancelled", 1]]);
    expect(await stage.sender.runtime.findSession(stage.ref)).toMatchObject({ state: "attached" });
  });

  it("leaves neither receipt nor state when it is rolled back", async () => {
    const stage = await bound(openStage);
    const host = holding();
    await stage.worker("worker", host.executor);
    const { completion } = await send(stage.sender, stage.ref, "one");
    await stage.world.advance(100);

    await stage.sender.runtime.interruptCurrentRun(stage.ref, { requestId: requestId("undo"), isRolledBack: true });
    await stage.world.advance(10);
    host.last().answer({ kind: "cancelled", state: "half" });
    await stage.world.advance(100);

    expect(await completion).toEqual({ kind: "cancelled", attempts: 1 });
    expect(await stage.sender.runtime.sessionState(stage.ref)).toEqual({ state: null, position: 0 });
  });

  it("CMP-14 has completed when it commits that first", async () => {
    const stage = await bound(openStage);
    const host = holding();
    await stage.worker("worker", host.executor);
    const { completion } = await send(stage.sender, stage.ref, "one");
    await stage.world.advance(100);

    await stage.sender.runtime.interruptCurrentRun(stage.ref, { requestId: requestId("late") });
    host.last().answer({ kind: "completed", output: 1 });
    await stage.world.advance(100);

    expect(await completion).toMatchObject({ kind: "completed", output: 1 });
  });

  it("CTL-05 is left alone by a request that means the run before it", async () => {
    const stage = await bound(openStage);
    const host = holding();
    await stage.worker("worker", host.executor);
    await send(stage.sender, stage.ref, "one");
    await stage.world.advance(100);
    const { runId } = host.last().turn;
    host.last().answer();
    const second = await send(stage.sender, stage.ref, "two");
    await stage.world.advance(100);

    const late = stage.sender.runtime.interruptCurrentRun(stage.ref, { requestId: requestId("late"), runId });

    const currentRunId = host.last().turn.runId;
    await expect(late).rejects.toMatchObject({ code: "run.not_current", details: { currentRunId } });
    await stage.world.advance(5_000);
    expect(host.last().turn.signal.aborted).toBe(false);
    host.last().answer({ kind: "completed", output: 2 });
    await stage.world.advance(100);
    expect(await second.completion).toMatchObject({ kind: "completed", output: 2 });
  });
}

function describeResults(openStage: OpenStage): void {
  it("CMP-06 that stops at a tool of the caller tells whoever waits which call is owed", async () => {
    const stage = await bound(openStage);
    await stage.worker(
      "worker",
      executor(() => ({ kind: "callback_pending", toolName: "look_up", args: { id: 7 } })),
    );

    const { completion } = await send(stage.sender, stage.ref, "one");
    await stage.world.advance(100);

    expect(await completion).toMatchObject({ kind: "callback_pending", toolName: "look_up", args: { id: 7 } });
  });

  it.each([
    ["another run", { runId: "run_of_another" }],
    ["other inputs", { contributingInputIds: [] }],
    ["another digest", { messages: ["a"], conversationDigest: "0".repeat(64) }],
    ["another count", { messages: ["a"], messageCount: 2 }],
  ])("RCP-08 that claims %s is refused before anything is written", async (_what, claim) => {
    const stage = await bound(openStage);
    await stage.worker(
      "worker",
      executor(() => ({ kind: "completed", state: "wrong", ...claim })),
    );

    const { completion } = await send(stage.sender, stage.ref, "one");
    await stage.world.advance(60_000);

    expect(await completion).toMatchObject({ kind: "abandoned", failure: { code: "executor.draft_mismatch" } });
    expect(await receiptsOf(stage)).toEqual([]);
    expect(await stage.sender.runtime.sessionState(stage.ref)).toEqual({ state: null, position: 0 });
  });
}
