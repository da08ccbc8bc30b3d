/** How whoever waits learns what came of an input. */
import type { AppError, ExecutorResult, NewInput, Outcome } from "@holdfast/contracts";
import { event } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import { unavailable } from "../support/bound-session.ts";
import { answeringBehind, Door, withLedger } from "../support/calls.ts";
import { executor, failing, holding, recording } from "../support/executors.ts";
import { rejection } from "../support/rejection.ts";
import { keyed, send } from "../support/send.ts";
import type { OpenStage, Stage } from "./stage.ts";

const ALL = { after: 0, limit: 100 };

/** Proves the scenarios of completions on a store. */
export function describeCompletions(openStage: OpenStage): void {
  describe("a waiter", () => {
    describeWaiters(openStage);
  });
  describe("whoever waits while a commit fails", () => {
    describeDoubt(openStage);
  });
  describe("an input accepted with completion", () => {
    describeHandles(openStage);
  });
}

/** A bound session. */
async function bound(openStage: OpenStage): Promise<Stage> {
  const stage = await openStage();
  await stage.bind();
  return stage;
}

/** What has been told of a promise so far. */
function listen(outcome: Promise<Outcome>): unknown[] {
  const heard: unknown[] = [];
  outcome.then(
    (value) => heard.push(value),
    (error: unknown) => heard.push(error),
  );
  return heard;
}

type Ending = readonly [what: string, play: (stage: Stage) => Promise<unknown>, outcome: object];

const ENDINGS: readonly Ending[] = [
  ["is completed", (stage) => stage.worker("worker", recording()), { kind: "completed", output: "one" }],
  [
    "fails as often as it may",
    (stage) => stage.worker("worker", executor(failing)),
    { kind: "abandoned", reason: "max_attempts_exhausted", failure: { code: "model.refused" } },
  ],
  [
    "ends with its session stopped",
    ({ sender, ref }) => sender.runtime.stopRuntimeExecutor(ref),
    { kind: "abandoned", reason: "stopped" },
  ],
  [
    "ends with its session reset",
    ({ sender, ref }) => sender.runtime.reset(ref),
    { kind: "abandoned", reason: "reset" },
  ],
  [
    "ends with its session destroyed",
    ({ sender, ref }) => sender.runtime.destroy(ref),
    { kind: "abandoned", reason: "destroyed" },
  ],
  [
    "ends with its session unregistered",
    ({ sender, ref }) => sender.runtime.unregisterSession(ref),
    { kind: "abandoned", reason: "unregistered" },
  ],
];

function describeWaiters(openStage: OpenStage): void {
  it.each(ENDINGS)("CMP-01 learns how its input ended that %s", async (_what, play, outcome) => {
    const stage = await bound(openStage);
    const { completion } = await send(stage.sender, stage.ref, "one");
    const heard = listen(completion);
    await stage.world.settle();
    expect(heard).toEqual([]);

    // It may take its time, which passes here.
    const played = play(stage);
    await stage.world.advance(60_000);
    await played;

    expect(heard).toMatchObject([outcome]);
  });

  it("CMP-02 learns the same as every other of its input, wherever they wait", async () => {
    const stage = await bound(openStage);
    const [one, other] = [stage.sender, await stage.process("other")];
    const waits = [
      (await send(one, stage.ref, keyed("k"))).completion,
      (await send(one, stage.ref, keyed("k"))).completion,
      (await send(other, stage.ref, keyed("k"))).completion,
      one.runtime.waitForOutcome(stage.ref, { key: "k" }),
      other.runtime.waitForOutcome(stage.ref, { key: "k" }),
    ];
    const host = executor(() => ({ kind: "completed", output: { n: 1 } }));
    await stage.worker("worker", host);
    await stage.world.advance(5_000);

    const [first, ...others] = await Promise.all(waits);

    expect(first).toMatchObject({ kind: "completed", output: { n: 1 } });
    expect(others).toEqual(waits.slice(1).map(() => first));
  });

  it("CMP-03 is not needed: an input ends without one, and what is told to nobody changes nothing", async () => {
    const stage = await bound(openStage);
    const worker = await stage.worker("worker", recording());
    await stage.sender.runtime.acceptInput(stage.ref, keyed("k"));
    await stage.world.advance(5_000);
    const before = await stage.sender.runtime.inputState(stage.ref, { key: "k" });
    expect(before).toMatchObject({ status: "consumed", outcome: { kind: "completed", output: "hello" } });
    const { inputId } = before as NonNullable<typeof before>;

    const outcome: Outcome = { kind: "completed_without_result" };
    const { notifier } = stage.world.store;
    for (const node of [stage.sender.node, worker.node]) {
      notifier.publish(node, { type: "input.settled", ref: stage.ref, inputId, outcome });
    }
    await stage.world.settle();

    expect(await stage.sender.runtime.inputState(stage.ref, { key: "k" })).toEqual(before);
    expect(await stage.sender.runtime.waitForOutcome(stage.ref, { key: "k" })).toEqual(before?.outcome);
    expect([...stage.sender.reports, ...worker.reports].filter(({ level }) => level === "error")).toEqual([]);
  });

  it("CMP-04 is told, in words, that its process ends; the input goes on, and any other can be asked", async () => {
    const stage = await bound(openStage);
    const leaving = await stage.process("leaving");
    const { completion } = await send(leaving, stage.ref, keyed("k"));
    const watching = rejection(leaving.runtime.waitForOutcome(stage.ref, { key: "k" }));
    const told = rejection(completion);
    await stage.world.settle();

    await leaving.stop({ graceMs: 0 });

    for (const error of [await told, await watching]) {
      expect(error).toMatchObject({ code: "runtime.terminated" });
      expect((error as AppError).message).toMatch(/\w+ \w+/);
    }
    await stage.worker("worker", recording());
    await stage.world.advance(5_000);
    expect(await stage.sender.runtime.waitForOutcome(stage.ref, { key: "k" })).toMatchObject({ output: "hello" });
  });

  it.each([{ kind: "completed" }, { kind: "completed", state: [1] }, { kind: "completed", output: undefined }])(
    "CMP-05 is told that its input was completed without a result where there is none (%j)",
    async (result) => {
      const stage = await bound(openStage);
      await stage.worker(
        "worker",
        executor(() => result),
      );
      const { completion } = await send(stage.sender, stage.ref);
      await stage.world.advance(5_000);

      expect(await completion).toMatchObject({ kind: "completed_without_result", position: 1 });
    },
  );

  it("CMP-07 outlives a recycle with its input, and is told where its input does not", async () => {
    const stage = await openStage();
    await stage.register();
    const kept = await send(stage.sender, stage.ref, "kept");
    const passing = await send(stage.sender, stage.ref, { ...event("passing"), durability: "ephemeral" } as NewInput);
    const [ofKept, ofPassing] = [listen(kept.completion), listen(passing.completion)];

    const report = await stage.sender.runtime.recycle(stage.ref);
    await stage.world.settle();

    expect(report).toMatchObject({ inputsTransferred: 1, inputsDropped: 1 });
    expect(ofPassing).toMatchObject([{ kind: "abandoned", reason: "dropped" }]);
    expect(ofKept).toEqual([]);
    await stage.bind();
    await stage.worker("worker", recording());
    await stage.world.advance(5_000);
    expect(ofKept).toMatchObject([{ kind: "completed", output: "kept" }]);
  });
}

function describeDoubt(openStage: OpenStage): void {
  it.each([
    ["never reached the store", false],
    ["was carried out unheard", true],
  ])("CMP-13 is told neither success nor failure until the ledger has one: the commit %s", async (_what, isApplied) => {
    const stage = await bound(openStage);
    let commits = 0;
    const wrap = withLedger((ledger) => ({
      advance: async (command) => {
        commits += 1;
        if (isApplied) await ledger.advance(command);
        return unavailable();
      },
    }));
    let attempts = 0;
    const host = executor(() => {
      attempts += 1;
      return { kind: "completed", output: attempts };
    });
    const doubtful = await stage.worker("doubtful", host, { wrap });
    const { inputId, completion } = await send(stage.sender, stage.ref, keyed("k"));
    const heard = listen(completion);
    const bounded = rejection(stage.sender.runtime.waitForOutcome(stage.ref, { key: "k" }, { timeoutMs: 1_000 }));
    await stage.world.advance(1_500);

    expect(commits).toBeGreaterThan(1);
    expect(heard).toEqual([]);
    if (!isApplied) expect(await bounded).toMatchObject({ code: "wait.timeout" });

    doubtful.kill();
    await stage.worker("heir", host);
    await stage.world.advance(30_000);

    const stored = await stage.sender.runtime.inputState(stage.ref, { inputId });
    expect(heard).toEqual([stored?.outcome]);
    expect(heard).toMatchObject([{ kind: "completed", output: isApplied ? 1 : 2 }]);
    const { items } = await stage.sender.runtime.listReceipts(stage.ref, ALL);
    expect(items).toHaveLength(1);
  });
}

const operation: NewInput = { kind: "operation", operationId: "build", event: { type: "completed" } };

function describeHandles(openStage: OpenStage): void {
  it("CMP-11 has nothing to wait for when it is an operation, which is consumed as it is accepted", async () => {
    const stage = await bound(openStage);
    const { runtime } = stage.sender;

    const { admission, completion } = await runtime.acceptInputWithCompletion(stage.ref, operation);

    expect(admission).toMatchObject({ kind: "accepted", status: "consumed", signal: "none" });
    expect(completion).toBeNull();
    const { inputId } = admission as Extract<typeof admission, { kind: "accepted" }>;
    expect(await runtime.waitForOutcome(stage.ref, { inputId })).toEqual({ kind: "completed_without_result" });
  });

  it("CMP-11 has nothing to wait for when it is an operation of a session at work", async () => {
    const stage = await bound(openStage);
    const host = holding();
    await stage.worker("worker", host.executor);
    await send(stage.sender, stage.ref);
    await stage.world.advance(100);

    const { admission, completion } = await stage.sender.runtime.acceptInputWithCompletion(stage.ref, operation);

    expect([admission.kind, completion]).toEqual(["accepted", null]);
    expect(host.last().turn.signal.aborted).toBe(false);
  });

  it("is waited for from before anybody can end it", async () => {
    const stage = await bound(openStage);
    const door = new Door();
    const wrap = answeringBehind(door, "admit");
    const slow = await stage.process("slow", { wrap });
    await stage.worker("worker", recording());
    door.close();
    const sending = slow.runtime.acceptInputWithCompletion(stage.ref, keyed("k"));
    await stage.world.advance(5_000);
    expect(await stage.sender.runtime.inputState(stage.ref, { key: "k" })).toMatchObject({ status: "consumed" });

    door.open();
    const { admission, completion } = await sending;

    expect(admission).toMatchObject({ kind: "accepted", status: "queued" });
    expect(await completion).toMatchObject({ kind: "completed", output: "hello" });
    expect(slow.calls.watch).toBe(0);
  });

  it("joins those who wait for the first of its key, and is answered at once when that has ended", async () => {
    const stage = await bound(openStage);
    const { runtime } = stage.sender;
    const host = holding();
    await stage.worker("worker", host.executor);
    const first = await send(stage.sender, stage.ref, keyed("k"));
    await stage.world.advance(100);

    const active = await runtime.acceptInputWithCompletion(stage.ref, keyed("k"));
    const heard = listen(active.completion as Promise<Outcome>);
    await stage.world.settle();
    expect(active.admission).toMatchObject({ kind: "deduplicated", existingId: first.inputId, status: "staged" });
    expect(heard).toEqual([]);
    host.last().answer({ kind: "completed", output: 1 } satisfies ExecutorResult);
    await stage.world.advance(100);
    const ended = await runtime.acceptInputWithCompletion(stage.ref, keyed("k"));

    expect(ended.admission).toMatchObject({ kind: "deduplicated", existingId: first.inputId, status: "consumed" });
    expect(heard).toEqual([await first.completion]);
    expect(await ended.completion).toEqual(await first.completion);
  });

  it("has nothing to wait for when it is rejected, and says why", async () => {
    const stage = await bound(openStage);
    const derived = { ...keyed("k"), durability: "derived" } as NewInput;

    const { admission, completion } = await stage.sender.runtime.acceptInputWithCompletion(stage.ref, derived);

    expect(admission).toMatchObject({ kind: "rejected", reason: "durability_violation", detail: expect.any(String) });
    expect(completion).toBeNull();
    expect(await stage.sender.runtime.inputState(stage.ref, { key: "k" })).toBeNull();
  });
}
