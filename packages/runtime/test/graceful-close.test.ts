import { binding, sessionRef } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import { ref, withSession } from "./support/bound-session.ts";
import { holding, recording, textsOf } from "./support/executors.ts";
import { rejection } from "./support/rejection.ts";
import { send } from "./support/send.ts";
import type { TestProcess, World } from "./support/world.ts";

const graceMs = 5_000;

/** A worker in the middle of a turn, with another input behind it. */
async function withTurn(options: Parameters<typeof holding>[0] = {}) {
  const { world, sender } = await withSession();
  const host = holding(options);
  const worker = await world.start("worker", { executors: [host.executor] });
  const first = await send(sender, ref, "one");
  const second = await send(sender, ref, "two");
  await world.settle();
  return { world, sender, host, worker, first, second };
}

/** Begins to close a process; tells when it has. */
function closing(worker: TestProcess, world: World, ms = graceMs) {
  const state = { closedAt: null as number | null };
  void worker.stop({ graceMs: ms }).then(() => {
    state.closedAt = world.clock.monotonic();
  });
  return state;
}

describe("a worker that closes", () => {
  it("lets its turn finish and commits it, then hands the session back at that boundary", async () => {
    const { world, sender, host, worker, first, second } = await withTurn();
    const state = closing(worker, world);
    await world.advance(1_000);
    const early = { ...state, isAborted: host.last().turn.signal.aborted };

    host.last().answer({ kind: "completed", output: "finished" });
    await world.settle();

    expect(early).toEqual({ closedAt: null, isAborted: false });
    expect(state.closedAt).toBe(world.clock.monotonic());
    expect(await first.completion).toMatchObject({ kind: "completed", output: "finished" });
    expect(host.turns).toHaveLength(1);
    expect(await sender.runtime.inputState(ref, second)).toMatchObject({ status: "queued", attempts: 0 });
    expect(await sender.runtime.explain(ref)).toMatchObject({ waitsFor: { kind: "executor" } });
  });

  it("tells a turn to end after the grace, and hands it back: nothing is charged", async () => {
    const { world, sender, host, worker, first } = await withTurn({ heedsSignal: true });
    const state = closing(worker, world);

    await world.advance(graceMs - 1);
    const isAborted = host.last().turn.signal.aborted;
    await world.advance(1);

    expect(isAborted).toBe(false);
    expect(state.closedAt).not.toBeNull();
    expect(host.last().turn.signal.aborted).toBe(true);
    expect(await sender.runtime.inputState(ref, first)).toMatchObject({ status: "queued", failures: 0, losses: 0 });
  });

  it("waits a moment for a turn that ignores its signal, and no longer", async () => {
    const { world, sender, worker, first } = await withTurn();
    const state = closing(worker, world);

    await world.advance(graceMs + 1_000);

    expect(state.closedAt).toBe(graceMs + 1_000);
    expect(worker.worker?.held).toBe(0);
    expect(await sender.runtime.inputState(ref, first)).toMatchObject({ status: "queued", failures: 0, losses: 0 });
  });

  it("still commits what a turn answers that was told to end", async () => {
    const { world, host, worker, first } = await withTurn();
    const state = closing(worker, world);
    await world.advance(graceMs + 500);

    host.last().answer({ kind: "completed", output: "just in time" });
    await world.settle();

    expect(await first.completion).toMatchObject({ kind: "completed", output: "just in time" });
    expect(state.closedAt).toBe(graceMs + 500);
  });

  it("ends every turn at once without a grace", async () => {
    const { world, host, worker } = await withTurn({ heedsSignal: true });

    const state = closing(worker, world, 0);
    await world.settle();

    expect(host.last().turn.signal.aborted).toBe(true);
    expect(state.closedAt).toBe(world.clock.monotonic());
  });

  it("keeps its leases until the last turn has ended: nobody takes one over meanwhile", async () => {
    const { world, sender, host, worker, first } = await withTurn();
    await world.start("other", { executors: [recording()] });
    closing(worker, world, 60_000);

    await world.advance(50_000);
    host.last().answer({ kind: "completed", output: "mine" });
    await world.settle();

    expect(await first.completion).toMatchObject({ kind: "completed", output: "mine" });
    expect(await sender.runtime.inputState(ref, first)).toMatchObject({ attempts: 1 });
  });

  it("leaves what it hands back to another worker, in order and under the same run, within a sweep at the latest (G8)", async () => {
    const { world, host, worker, first, second } = await withTurn({ heedsSignal: true });
    const heir = holding();
    await world.start("heir", { executors: [heir.executor] });

    await worker.stop({ graceMs: 0 });
    await world.advance(world.timing.sweepDelayMs + 1.5 * world.timing.sweepPollMs);
    const taken = heir.turns.map(({ turn }) => textsOf(turn));
    for (let n = 0; n < 2; n += 1) {
      heir.last().answer({ kind: "completed", output: n });
      await world.settle();
    }

    expect(host.turns).toHaveLength(1);
    expect(taken).toEqual([["one"]]);
    expect(heir.turns[0]?.turn.runId).toBe(host.last().turn.runId);
    expect(await first.completion).toMatchObject({ output: 0 });
    expect(await second.completion).toMatchObject({ output: 1 });
  });

  it("leaves wakes that come meanwhile to other workers, at once", async () => {
    const { world, sender, worker } = await withTurn();
    closing(worker, world, 60_000);
    await world.settle();
    const other = holding();
    await world.start("other", { executors: [other.executor] });

    await send(sender, sessionRef("chat/2"), "two", { createWith: binding() });
    await world.settle();

    expect(other.turns.map(({ turn }) => textsOf(turn))).toEqual([["two"]]);
  });

  it("takes nothing new: neither a wake, nor a notification, nor what it sends itself", async () => {
    const { world, sender, host, worker } = await withTurn();
    closing(worker, world, 60_000);
    await world.settle();

    await send(worker, sessionRef("chat/1"), "own", { createWith: binding() });
    await send(sender, sessionRef("chat/2"), "another's", { createWith: binding() });
    await worker.worker?.run(sessionRef("chat/1"));
    await world.advance(10_000);

    expect(host.turns).toHaveLength(1);
    expect(worker.worker?.held).toBe(1);
  });

  it("sweeps no more", async () => {
    const { world, worker } = await withTurn();
    closing(worker, world, 60_000);
    await world.settle();
    const sweeps = worker.calls.sweep;

    await world.advance(10_000);

    expect(worker.calls.sweep).toBe(sweeps);
  });

  it("tells those who wait in it that it closes; elsewhere their key still answers", async () => {
    const { world, sender, worker, host, first } = await withTurn({ heedsSignal: true });
    const waiting = rejection(worker.runtime.waitForOutcome(ref, first));

    await worker.stop({ graceMs: 0 });

    expect(await waiting).toMatchObject({ code: "runtime.terminated" });
    await world.start("next", { executors: [recording()] });
    await world.advance(5_000);
    expect(await sender.runtime.waitForOutcome(ref, first)).toMatchObject({ output: "one" });
    expect(host.turns).toHaveLength(1);
  });

  it("with nothing to do closes at once", async () => {
    const { world } = await withSession();
    const worker = await world.start("idle", { executors: [recording()] });

    const state = closing(worker, world);
    await world.settle();

    expect(state.closedAt).toBe(world.clock.monotonic());
  });
});
