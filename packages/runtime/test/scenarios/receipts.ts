/** What is committed with a boundary: all of it or nothing, once, and to be read by anybody afterwards. */
import type { BoundaryRef, ExecutorResult, InputId, RunId } from "@holdfast/contracts";
import { faultyStore, strikeAt } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import type { CheckpointCommand, Store, Turn } from "../../src/index.ts";
import { unavailable } from "../support/bound-session.ts";
import { taping, withLedger } from "../support/calls.ts";
import { executor, holding, recording, textsOf } from "../support/executors.ts";
import { keyed, send } from "../support/send.ts";
import type { OpenStage, Stage } from "./stage.ts";

const ALL = { after: 0, limit: 200 };
/** More than one script ends in a call. */
const MANY = 130;

/** Proves the scenarios of receipts on a store. */
export function describeReceipts(openStage: OpenStage): void {
  describe("a boundary that was committed", () => {
    describeIdentity(openStage);
  });
  describe("what one commit changes", () => {
    describeTogether(openStage);
  });
  describe("a boundary whose commit fails", () => {
    describeFailedCommits(openStage);
  });
}

/** A bound session. */
async function bound(openStage: OpenStage): Promise<Stage> {
  const stage = await openStage();
  await stage.bind();
  return stage;
}

/** Everything that a commit could change, as callers read it. */
async function readAll({ sender: { runtime }, ref }: Stage) {
  const [state, inputs, receipts, events, session] = await Promise.all([
    runtime.sessionState(ref),
    runtime.listInputs(ref, ALL),
    runtime.listReceipts(ref, ALL),
    runtime.listEvents(ref, ALL),
    runtime.findSession(ref),
  ]);
  return { state, inputs: inputs.items, receipts: receipts.items, events: events.items, session };
}

async function receiptsOf({ sender, ref }: Stage) {
  const { items } = await sender.runtime.listReceipts(ref, ALL);
  return items.map(({ sequence, result, contributors }) => [sequence, result, contributors] as const);
}

function describeIdentity(openStage: OpenStage): void {
  it("RCP-02 is not committed again by whoever ran it before: neither state nor inputs change", async () => {
    const stage = await bound(openStage);
    const { tape, wrap } = taping();
    const late = holding();
    const sleeper = await stage.worker("sleeper", late.executor, { wrap });
    const { inputId, completion } = await send(stage.sender, stage.ref, "one");
    await stage.world.advance(100);
    sleeper.freeze();
    const heir = holding();
    await stage.worker("heir", heir.executor);
    await stage.world.advance(15_000);
    heir.last().answer({ kind: "completed", state: "of the heir", output: "heir" });
    await stage.world.advance(100);
    const { runId } = heir.last().turn;
    expect(late.last().turn.runId).toBe(runId);
    await send(stage.sender, stage.ref, "two");
    await stage.world.advance(5_000);
    const before = await readAll(stage);

    late.last().answer({ kind: "completed", state: "of the sleeper", output: "sleeper" });
    sleeper.thaw();
    await stage.world.settle();

    expect(tape.advances.map(({ command, reply }) => [command.fence.runId, command.sequence, reply.kind])).toEqual([
      [runId, 1, "fenced"],
    ]);
    expect(await readAll(stage)).toEqual(before);
    expect(before.state).toEqual({ state: "of the heir", position: 1 });
    expect(before.receipts.map(({ contributors }) => contributors)).toEqual([[inputId]]);
    expect(await completion).toMatchObject({ kind: "completed", output: "heir" });
  });

  it("RCP-02 is not committed again by the run itself with anything else in it", async () => {
    const stage = await bound(openStage);
    const sent: CheckpointCommand[] = [];
    const host = holding();
    await stage.worker("worker", host.executor, { wrap: tapingCheckpoints(sent) });
    await send(stage.sender, stage.ref, "one");
    await stage.world.advance(100);
    await Promise.all([host.last().turn.checkpoint({ state: "first" }), stage.world.advance(100)]);
    const [first] = sent;
    if (first?.boundary == null) throw new Error("no boundary was sent");
    const before = await readAll(stage);
    const boundary = { ...first.boundary, state: '"second"', digest: "of another" };
    const { liveRuns } = stage.world.store;

    const again = await liveRuns.checkpoint({ ...first, call: first.call + 1, callDigest: "other", boundary });

    expect(again.kind).toBe("conflict");
    expect(await readAll(stage)).toEqual(before);
    expect(before.state).toEqual({ state: "first", position: 1 });
    expect(before.inputs).toMatchObject([{ status: "applied_pending" }]);
  });

  it("RCP-03 can be loaded afterwards, by its run and sequence, when every process has gone", async () => {
    const stage = await bound(openStage);
    const host = executor(async (turn: Turn): Promise<ExecutorResult> => {
      await turn.checkpoint({ state: "half" });
      return { kind: "completed", state: "whole", messages: ["a", "b"] };
    });
    const worker = await stage.worker("worker", host);
    const { inputId, completion } = await send(stage.sender, stage.ref);
    await stage.world.advance(100);
    const { runId } = (await completion) as { readonly runId: RunId };
    worker.kill();
    stage.sender.kill();
    await stage.world.advance(3_600_000);
    const { runtime } = await stage.process("later");
    const load = (sequence: number) => runtime.loadBoundaryReceipt(stage.ref, { runId, sequence } as BoundaryRef);

    const [first, second] = [await load(1), await load(2)];

    expect(first).toMatchObject({ runId, sequence: 1, position: 1, result: "checkpointed", contributors: [inputId] });
    expect(second).toMatchObject({ runId, sequence: 2, position: 2, result: "completed", messageCount: 2 });
    expect(second?.conversationDigest).toMatch(/^[0-9a-f]{64}$/);
    expect(second?.previousDigest).toBe(first?.digest);
    expect(await load(3)).toBeNull();
  });

  it.each([
    ["checkpoint.after_apply_before_reply", "the executor's own boundary"],
    ["advance.after_apply_before_reply", "the end of the run"],
  ] as const)(
    "RCP-04 is written once when it is sent again (%s: %s), and its contributors go on",
    async (point, _what) => {
      const stage = await bound(openStage);
      const host = executor(async (turn: Turn): Promise<ExecutorResult> => {
        const seen = (turn.state as string[] | null) ?? [];
        await turn.checkpoint({ state: [...seen, ...textsOf(turn)] });
        return { kind: "completed", output: "done" };
      });
      const plan = strikeAt(point, [1, 2]);
      const worker = await stage.worker("worker", host, { wrap: (store) => faultyStore(store, plan) });
      const { inputId, completion } = await send(stage.sender, stage.ref, "one");

      await stage.world.advance(2_000);

      expect(worker.reports.map(({ phrase }) => phrase)).toContain(
        point.startsWith("checkpoint") ? "checkpoint not answered" : "advance not answered",
      );
      expect(await receiptsOf(stage)).toEqual([
        [1, "checkpointed", [inputId]],
        [2, "completed", []],
      ]);
      expect(await stage.sender.runtime.sessionState(stage.ref)).toEqual({ state: ["one"], position: 2 });
      const input = await stage.sender.runtime.inputState(stage.ref, { inputId });
      expect(input).toMatchObject({ status: "consumed", attempts: 1, losses: 0 });
      expect(input?.history.map(({ to }) => to).filter((to) => to === "applied_pending")).toHaveLength(1);
      expect(await completion).toMatchObject({ kind: "completed", output: "done" });
    },
  );
}

/** Keeps what a run sends to commit its inner boundaries. */
function tapingCheckpoints(sent: CheckpointCommand[]): (store: Store) => Store {
  return (store) => ({
    ...store,
    liveRuns: {
      noteStall: (command) => store.liveRuns.noteStall(command),
      checkpoint: (command) => {
        sent.push(command);
        return store.liveRuns.checkpoint(command);
      },
    },
  });
}

function describeTogether(openStage: OpenStage): void {
  it("RCP-06 RCP-10 of a run are its state and all its inputs, seen together or not at all", async () => {
    const stage = await bound(openStage);
    const seen: unknown[] = [];
    const look = async () => {
      const { state, inputs, receipts } = await readAll(stage);
      seen.push([state.state, [...new Set(inputs.map(({ status }) => status))], receipts.length]);
    };
    const wrap = withLedger((ledger) => ({
      advance: async (command) => {
        await look();
        const reply = await ledger.advance(command);
        await look();
        return reply;
      },
    }));
    const inputs: InputId[] = [];
    for (const text of ["one", "two", "three"]) inputs.push((await send(stage.sender, stage.ref, text)).inputId);
    const host = executor((turn) => ({ kind: "completed", state: textsOf(turn) }), { maxBatch: 10 });
    await stage.worker("worker", host, { wrap });
    await stage.world.advance(5_000);

    expect(seen).toEqual([
      [null, ["staged"], 0],
      [["one", "two", "three"], ["consumed"], 1],
    ]);
    expect(await receiptsOf(stage)).toEqual([[1, "completed", inputs]]);
  });

  it.each(["stopRuntimeExecutor", "reset", "retire"] as const)(
    "RCP-06 of %s are the session and all of its inputs, seen together or not at all",
    async (verb) => {
      const stage = await openStage();
      await stage.register();
      for (let n = 0; n < MANY; n += 1) await stage.sender.runtime.acceptInput(stage.ref, keyed(`k${n}`));
      const seen: unknown[] = [];
      const look = async () => {
        const { runtime } = stage.sender;
        const { items } = await runtime.listInputs(stage.ref, ALL);
        const session = await runtime.findSession(stage.ref);
        seen.push([session?.queued, items.length, [...new Set(items.map(({ status }) => status))]]);
      };
      const wrap = (store: Store): Store => ({
        ...store,
        control: {
          ...store.control,
          apply: async (command) => {
            await look();
            const reply = await store.control.apply(command);
            // Whatever of it is left to be tidied up.
            await look();
            return reply;
          },
        },
      });
      const operator = await stage.process("operator", { wrap });

      const report = await operator.runtime[verb](stage.ref);

      expect(report.inputsAbandoned).toBe(MANY);
      expect(seen).toEqual([
        [MANY, MANY, ["queued"]],
        [0, MANY, ["abandoned"]],
      ]);
    },
  );

  it("RCP-10 of an admission is the whole input: it is there before the answer, whoever dies after it", async () => {
    const stage = await bound(openStage);
    const stored: unknown[] = [];
    const wrap = withLedger((ledger) => ({
      admit: async (command) => {
        const reply = await ledger.admit(command);
        stored.push((await stage.sender.runtime.inputState(stage.ref, { inputId: command.input.id }))?.input);
        return reply;
      },
    }));
    const dying = await stage.process("dying", { wrap });

    const admission = await dying.runtime.acceptInput(stage.ref, keyed("k", "kept"));
    dying.kill();

    expect(admission).toMatchObject({ kind: "accepted", status: "queued" });
    expect(stored).toMatchObject([{ kind: "prompt", text: "kept", idempotencyKey: "k" }]);
    const later = await stage.process("later");
    expect((await later.runtime.inputState(stage.ref, { key: "k" }))?.input).toEqual(stored[0]);
    await stage.worker("worker", recording());
    await stage.world.advance(5_000);
    expect(await stage.sender.runtime.sessionState(stage.ref)).toMatchObject({ state: ["kept"] });
  });
}

function describeFailedCommits(openStage: OpenStage): void {
  it("RCP-11 tells its executor to stop; its input is queued again, and the session goes on", async () => {
    const { stage, sent, told } = await cutOff(openStage);

    const report = await stage.sender.runtime.recover(stage.ref);

    expect(told).toEqual(["the turn was aborted: lease_lost"]);
    expect(report).toMatchObject({ inputsRequeued: 1, inputsAbandoned: 0 });
    expect(await stage.sender.runtime.runtimeState(stage.ref)).toBe("attached");
    const input = await stage.sender.runtime.inputState(stage.ref, sent);
    expect(input).toMatchObject({ status: "queued", attempts: 1, losses: 1, failures: 0 });
    expect(await receiptsOf(stage)).toEqual([]);
    expect(await stage.sender.runtime.sessionState(stage.ref)).toEqual({ state: null, position: 0 });
  });

  it("RCP-13 keeps nobody waiting: whoever runs it next ends its input, and the waiter learns how", async () => {
    const { stage, sent } = await cutOff(openStage);

    const heard: unknown[] = [];
    void sent.completion.then((outcome) => heard.push(outcome));

    await stage.worker("heir", recording());
    await stage.world.advance(30_000);

    expect(heard).toMatchObject([{ kind: "completed", output: "one", position: 1 }]);
    expect((await receiptsOf(stage)).map(([, , contributors]) => contributors)).toEqual([[sent.inputId]]);
  });

  it("RCP-13 keeps nobody waiting when no commit ever succeeds, although leases are renewed (H2)", async () => {
    const stage = await bound(openStage);
    let commits = 0;
    const wrap = withLedger(() => ({
      advance: async () => {
        commits += 1;
        return unavailable();
      },
    }));
    await stage.worker("worker", recording(), { wrap, loop: { stallNoticeMs: 1_000 } });
    const { inputId, completion } = await send(stage.sender, stage.ref, "one");
    const heard: unknown[] = [];
    void completion.then((outcome) => heard.push(outcome));

    await stage.world.advance(200_000);

    expect(commits).toBeGreaterThan(10);
    expect(heard).toMatchObject([{ kind: "abandoned", reason: "executor_lost" }]);
    expect(await stage.sender.runtime.inputState(stage.ref, { inputId })).toMatchObject({ losses: 10, failures: 0 });
    expect(await stage.sender.runtime.sessionState(stage.ref)).toEqual({ state: null, position: 0 });
  });

  it("RCP-13 keeps nobody waiting when no inner boundary is ever committed, although leases are renewed", async () => {
    const stage = await bound(openStage);
    const wrap = (store: Store): Store => ({
      ...store,
      liveRuns: { ...store.liveRuns, checkpoint: async () => unavailable() },
    });
    const host = executor(async (turn: Turn): Promise<ExecutorResult> => {
      await turn.checkpoint({ state: "half" });
      return { kind: "completed" };
    });
    await stage.worker("worker", host, { wrap, loop: { stallNoticeMs: 1_000 } });
    const { completion } = await send(stage.sender, stage.ref, "one");
    const heard: unknown[] = [];
    void completion.then((outcome) => heard.push(outcome));

    await stage.world.advance(30_000);

    expect(heard).toMatchObject([
      { kind: "abandoned", reason: "max_attempts_exhausted", failure: { code: "store.unavailable" } },
    ]);
    expect(await receiptsOf(stage)).toEqual([]);
  });
}

/** A worker that loses its store while its executor commits a boundary, until its lease has ended. */
async function cutOff(openStage: OpenStage) {
  const stage = await bound(openStage);
  const told: string[] = [];
  let isCut = false;
  const wrap = (store: Store): Store => ({
    ...store,
    ledger: new Proxy(store.ledger, {
      get: (ledger, name, receiver) => (isCut ? unavailable : Reflect.get(ledger, name, receiver)),
    }),
    liveRuns: { ...store.liveRuns, checkpoint: async () => unavailable() },
  });
  const host = executor(async (turn: Turn): Promise<ExecutorResult> => {
    turn.signal.addEventListener("abort", () => told.push((turn.signal.reason as Error).message));
    isCut = true;
    await turn.checkpoint({ state: "half" });
    return { kind: "completed", output: "never" };
  });
  await stage.worker("cut off", host, { wrap });
  const sent = await send(stage.sender, stage.ref, "one");
  await stage.world.advance(11_500);
  return { stage, sent, told };
}
