/** Removing sessions, in two phases. */
import type { RequestId, SessionEvent, UnregisterReport } from "@holdfast/contracts";
import { findTransition, SESSION_TABLE } from "@holdfast/domain";
import { binding, createTestInbox } from "@holdfast/testkit";
import { expect, it } from "vitest";
import { executor, holding, recording } from "../support/executors.ts";
import { rejection } from "../support/rejection.ts";
import { type SentInput, send } from "../support/send.ts";
import { begin } from "./operations.ts";
import type { OpenStage, Stage } from "./stage.ts";

/** Plays the scenarios of unregistration. */
export function describeUnregister(openStage: OpenStage): void {
  it("UNR-01 beginning asks each class of producer once, however many ask", async () => {
    const stage = await openStage();
    const { turns, removals } = await removeDuringTurn(stage, 3);

    expect(await eventsOf(stage, "session.unregistering")).toEqual([
      { type: "session.unregistering", from: "idle", open: ["loop", "waiters"] },
    ]);
    turns.last().answer();
    await stage.world.advance(1_000);
    await Promise.all(removals);
  });

  it("UNR-01 a session with a run, a drain and waiters asks each of the three once, and goes when all have ended", async () => {
    const stage = await openStage();
    const { turns, removals, first } = await removeDuringTurn(stage, 3, 0, async () => {
      const comms = createTestInbox();
      expect(await stage.sender.runtime.updatePeerIngressContext(stage.ref, { keepAlive: true, comms })).toBe(true);
    });
    const asked = await eventsOf(stage, "session.unregistering");

    turns.last().answer({ kind: "completed", output: "done" });
    await stage.world.advance(1_000);

    expect(asked).toEqual([
      { type: "session.unregistering", from: "idle", open: expect.arrayContaining(["loop", "drain", "waiters"]) },
    ]);
    expect(asked).toMatchObject([{ open: { length: 3 } }]);
    for (const removal of removals) {
      expect(await removal).toMatchObject({ obligations: { loop: "closed", drain: "closed", waiters: "closed" } });
    }
    expect(await first.completion).toMatchObject({ output: "done" });
    expect(stage.sender.runtime.inspectCommsDrain(stage.ref)?.phase ?? "inactive").not.toBe("running");
  });

  it("UNR-02 a session on its way out begins no second removal, commits none early, and registers nobody", async () => {
    const stage = await openStage();
    const { turns, removals } = await removeDuringTurn(stage);
    const { runtime } = stage.sender;

    const calls = [
      runtime.registerSession(stage.ref),
      runtime.ensureSessionWithExecutor(stage.ref, binding()),
      runtime.ensureSessionWithExecutor(stage.ref, binding("defer")),
    ];
    for (const error of await Promise.all(calls.map(rejection))) {
      expect(error).toMatchObject({
        code: "session.unregistering",
        details: { open: ["loop", "waiters"] },
      });
    }
    expect(await rejection(runtime.acceptInput(stage.ref, { kind: "prompt", text: "late" }))).toMatchObject({
      code: "session.not_accepting",
      details: { phase: "draining" },
    });
    // Whoever says too early that nothing is open is not believed.
    expect(await runtime.closeObligation(stage.ref, { obligation: "loop" })).toEqual({ kind: "open" });
    const table = (event: string, bits: string) =>
      findTransition(SESSION_TABLE.rows, { state: "draining", event, bits });
    expect([table("unregister.begin", ""), table("unregister.commit", "00")]).toEqual([null, null]);
    expect(await stage.sender.runtime.findSession(stage.ref)).toMatchObject({ phase: "draining" });

    turns.last().answer({ kind: "completed", output: "done" });
    await stage.world.advance(1_000);
    expect(await removals[0]).toMatchObject({ obligations: { loop: "closed" } });
  });

  it("UNR-04 feedback by force is recorded, and the removal completes", async () => {
    const stage = await openStage();
    const { turns, removals, first } = await removeDuringTurn(stage);

    const feedback = { obligation: "loop", force: true } as const;
    expect(await stage.sender.runtime.closeObligation(stage.ref, feedback)).toEqual({
      kind: "noted",
      status: "forced",
    });
    await stage.world.advance(1_000);

    const report = await removals[0];
    expect(report).toMatchObject({ obligations: { loop: "forced", drain: "closed", waiters: "closed" } });
    expect(turns.last().turn.signal.aborted).toBe(true);
    expect(report?.abortedRunId).toBe(turns.last().turn.runId);
    expect(await first.completion).toMatchObject({ kind: "abandoned", reason: "unregistered" });
  });

  it("UNR-06 after the removal late observations are taken without effect, and late commands are refused", async () => {
    const stage = await openStage();
    await stage.bind();
    const { runtime } = stage.sender;
    await runtime.unregisterSession(stage.ref);

    for (const obligation of ["loop", "drain", "waiters"] as const) {
      expect(await runtime.closeObligation(stage.ref, { obligation, force: true })).toEqual({ kind: "ignored" });
    }
    expect(await runtime.unregisterSession(stage.ref)).toMatchObject({ wasRegistered: false });
    const requestId = "late" as RequestId;
    const calls = [
      runtime.control(stage.ref, { verb: "stop", requestId }),
      runtime.interruptCurrentRun(stage.ref, { requestId }),
      runtime.acceptInput(stage.ref, { kind: "prompt", text: "late" }),
      runtime.explain(stage.ref),
      runtime.sessionState(stage.ref),
      runtime.listInputs(stage.ref, { after: 0, limit: 1 }),
      runtime.listEvents(stage.ref, { after: 0, limit: 1 }),
      runtime.setSessionSilentIntents(stage.ref, []),
    ];
    for (const error of await Promise.all(calls.map(rejection))) {
      expect(error).toMatchObject({ code: "session.not_found" });
    }
  });

  it("UNR-07 nothing new is taken once draining is committed; what is left ends, and its waiters learn it", async () => {
    const stage = await openStage();
    const { turns, removals, first, others } = await removeDuringTurn(stage, 1, 2);
    const left = await stage.sender.runtime.listInputs(stage.ref, { after: 1, limit: 10 });

    turns.last().answer({ kind: "completed", output: "done" });
    await stage.world.advance(5_000);

    expect(await first.completion).toMatchObject({ kind: "completed", output: "done" });
    expect(turns.turns).toHaveLength(1);
    expect(left.items).toHaveLength(2);
    expect(await removals[0]).toMatchObject({ inputsAbandoned: 2 });
    for (const { completion } of others) {
      expect(await completion).toMatchObject({ kind: "abandoned", reason: "unregistered", attempts: 0 });
    }
  });

  it("UNR-08 lifecycle, inputs and directory change at once: no reader sees one without the other", async () => {
    const stage = await openStage();
    await stage.bind();
    const { runtime } = stage.sender;
    const waiting = await send(stage.sender, stage.ref);
    const before = await runtime.prepareBindings(stage.ref);
    await begin(before.ops, "running");
    await before.ops.completeOperation(await begin(before.ops, "over"), 1);
    const seen: unknown[] = [];
    const watcher = await stage.process("watcher", {
      wrap: (store) => ({
        ...store,
        unregistration: {
          ...store.unregistration,
          commit: async (ref) => {
            const operations = async () => (await store.operationArchive.list(ref)).length;
            seen.push((await store.directory.find(ref))?.phase, (await list(stage)).length, await operations());
            const reply = await store.unregistration.commit(ref);
            seen.push(await store.directory.find(ref), (await list(stage)).length, await operations());
            return reply;
          },
        },
      }),
    });

    const report = await watcher.runtime.unregisterSession(stage.ref);

    // Operations end with the inputs, while the session still tells those who wait for them.
    expect(seen).toEqual(["draining", 1, 0, null, 0, 0]);
    expect(report).toMatchObject({ inputsAbandoned: 1, phaseBefore: "idle" });
    await stage.world.advance(100);
    expect(await waiting.completion).toMatchObject({ reason: "unregistered" });
    expect(await runtime.findSession(stage.ref)).toBeNull();
    const after = await runtime.prepareBindings(stage.ref);
    expect(after.epochId).not.toBe(before.epochId);
    expect(await after.ops.listOperations()).toEqual([]);
  });

  it("UNR-09 callers join one removal, and each is told when the session is removed", async () => {
    const stage = await openStage();
    const { turns, removals } = await removeDuringTurn(stage, 5);
    const done: UnregisterReport[] = [];
    for (const removal of removals) void removal.then((report) => done.push(report));
    await stage.world.advance(2_000);
    expect(done).toEqual([]);

    turns.last().answer();
    await stage.world.advance(1_000);

    expect(done).toHaveLength(5);
    expect(new Set(done.map((report) => JSON.stringify(report))).size).toBe(1);
    expect(await stage.sender.runtime.findSession(stage.ref)).toBeNull();
    expect(await eventsOf(stage, "session.unregistered")).toHaveLength(1);
  });

  it("goes on when whoever began it has died: a worker sees to the rest", async () => {
    const stage = await openStage();
    await stage.bind();
    const turns = holding();
    await stage.worker("worker", turns.executor);
    const operator = await stage.process("operator");
    const { completion } = await send(stage.sender, stage.ref);
    await stage.world.advance(1_000);
    void operator.runtime.unregisterSession(stage.ref).catch(() => {});
    await stage.world.settle();
    operator.kill();

    turns.last().answer();
    await stage.world.advance(5_000);

    expect(await completion).toMatchObject({ kind: "completed_without_result" });
    expect(await stage.sender.runtime.findSession(stage.ref)).toBeNull();
  });

  it("waits for a run that does not end for a while only, and then ends it by force", async () => {
    const stage = await openStage();
    const { turns, removals, first } = await removeDuringTurn(stage);

    await stage.world.advance(29_000);
    expect(turns.last().turn.signal.aborted).toBe(false);
    await stage.world.advance(2_000);

    expect(await removals[0]).toMatchObject({ obligations: { loop: "forced" } });
    expect(turns.last().turn.signal.aborted).toBe(true);
    expect(await first.completion).toMatchObject({ reason: "unregistered" });
  });

  it("forgets nothing: registered again, the session goes on with its state, keys and receipts", async () => {
    const stage = await openStage();
    await stage.bind();
    await stage.worker("worker", recording());
    const { runtime } = stage.sender;
    const { completion } = await send(stage.sender, stage.ref, {
      kind: "prompt",
      text: "a",
      idempotencyKey: "once" as never,
    });
    await stage.world.advance(1_000);
    await completion;
    await runtime.unregisterSession(stage.ref);

    await stage.bind();
    const again = await send(stage.sender, stage.ref, { kind: "prompt", text: "a", idempotencyKey: "once" as never });
    const next = await send(stage.sender, stage.ref, "b");
    await stage.world.advance(1_000);

    expect(await again.completion).toMatchObject({ kind: "completed", output: "a" });
    expect(await next.completion).toMatchObject({ kind: "completed", position: 2 });
    expect(await runtime.sessionState(stage.ref)).toEqual({ state: ["a", "b"], position: 2 });
  });

  it("CTL-12 an executor may remove its own session while it cleans up: nothing waits for itself", async () => {
    const stage = await openStage();
    await stage.bind();
    const removals: Promise<UnregisterReport>[] = [];
    const cleaning = executor(async (turn) => {
      await new Promise((resolve) => turn.signal.addEventListener("abort", resolve));
      removals.push(stage.sender.runtime.unregisterSession(stage.ref));
      await removals[0];
      return { kind: "cancelled" };
    });
    await stage.worker("worker", cleaning);
    const { completion } = await send(stage.sender, stage.ref);
    await stage.world.advance(1_000);

    await stage.sender.runtime.control(stage.ref, { verb: "stop", requestId: "stop" as RequestId });
    await stage.world.advance(2_000);

    expect(await completion).toMatchObject({ kind: "abandoned", reason: "stopped" });
    expect(await removals[0]).toMatchObject({ wasRegistered: true, phaseBefore: "stopped" });
  });
}

/** A bound session with a run in progress, some more inputs, and callers that ask for its removal. */
async function removeDuringTurn(stage: Stage, callers = 1, more = 0, before = async () => {}) {
  await stage.bind();
  const turns = holding({ heedsSignal: false });
  await stage.worker("worker", turns.executor);
  const first = await send(stage.sender, stage.ref);
  const others: SentInput[] = [];
  for (let n = 0; n < more; n += 1) others.push(await send(stage.sender, stage.ref));
  await stage.world.advance(1_000);
  await before();
  const removals = Array.from({ length: callers }, () => stage.sender.runtime.unregisterSession(stage.ref));
  await stage.world.settle();
  return { turns, removals, first, others };
}

async function eventsOf({ world, ref }: Stage, type: SessionEvent["type"]): Promise<SessionEvent[]> {
  const { items } = await world.store.archive.listEvents(ref, { after: 0, limit: 500 });
  return items.map(({ event }) => event).filter((event) => event.type === type);
}

async function list({ sender, ref }: Stage) {
  return (await sender.runtime.listSessions({ tenantId: ref.tenantId, after: null, limit: 10 })).sessions;
}
