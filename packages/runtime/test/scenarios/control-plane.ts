/** Verbs of operators, and what becomes of inputs, waiters and phases. */
import { AppError, type Outcome, type RequestId } from "@holdfast/contracts";
import type { Store } from "@holdfast/runtime";
import { event, progress, sessionRef } from "@holdfast/testkit";
import { expect, it } from "vitest";
import { Door } from "../support/calls.ts";
import { holding, recording } from "../support/executors.ts";
import { rejection } from "../support/rejection.ts";
import { send } from "../support/send.ts";
import type { OpenStage, Stage } from "./stage.ts";

/** Plays the scenarios of control. */
export function describeControlPlane(openStage: OpenStage): void {
  describeStop(openStage);
  describeFailingStores(openStage);
  describeMany(openStage);

  it("CPL-02 retiring lets a bound session drain: waiters complete, nothing new is admitted", async () => {
    const stage = await openStage();
    const { host, first } = await withRun(stage);
    const waiting = [await send(stage.sender, stage.ref, "a"), await send(stage.sender, stage.ref, "b")];

    const report = await stage.sender.runtime.retire(stage.ref);
    for (const output of ["first", "a", "b"]) {
      host.last().answer({ kind: "completed", output });
      await stage.world.advance(1_000);
    }

    expect(report).toMatchObject({ inputsAbandoned: 0, inputsPendingDrain: 3, phaseAfter: "retired" });
    expect(await outputs([first, ...waiting])).toEqual(["first", "a", "b"]);
    expect(host.turns).toHaveLength(3);
    expect(await rejection(stage.sender.runtime.ingest(stage.ref, event("late")))).toMatchObject({
      code: "session.not_accepting",
    });
  });

  it("CPL-03 CNF-08 retiring a session that nobody would drain ends its inputs as retired", async () => {
    const stage = await openStage();
    await stage.register();
    const waiting = [await send(stage.sender, stage.ref), await send(stage.sender, stage.ref)];

    const report = await stage.sender.runtime.retireRuntime(stage.ref);

    expect(report).toMatchObject({ inputsAbandoned: 2, inputsPendingDrain: 0 });
    for (const { completion, inputId } of waiting) {
      expect(await completion).toMatchObject({ kind: "abandoned", reason: "retired" });
      expect(await stage.sender.runtime.inputState(stage.ref, { inputId })).toMatchObject({ status: "abandoned" });
    }
    expect(await stage.sender.runtime.listActiveInputs(stage.ref)).toEqual([]);
    expect(await stage.sender.runtime.runtimeState(stage.ref)).toBe("retired");
  });

  it("CPL-04 retiring reports what is left to drain, and leaves it queued", async () => {
    const stage = await openStage();
    await stage.bind();
    await send(stage.sender, stage.ref);
    await send(stage.sender, stage.ref);

    expect(await stage.sender.runtime.retire(stage.ref)).toMatchObject({ inputsAbandoned: 0, inputsPendingDrain: 2 });
    const active = await stage.sender.runtime.listActiveInputs(stage.ref);
    expect(active.map(({ status }) => status)).toEqual(["queued", "queued"]);
  });

  it("CPL-05 CPL-17 CNF-10 a reset ends every input as reset; the session keeps its executor and takes new work", async () => {
    const stage = await openStage();
    await stage.bind();
    const { runtime } = stage.sender;
    const old = await send(stage.sender, stage.ref);
    await runtime.retire(stage.ref);

    expect(await runtime.reset(stage.ref)).toMatchObject({ inputsAbandoned: 1, phaseBefore: "retired" });
    expect(await old.completion).toMatchObject({ kind: "abandoned", reason: "reset" });
    expect(await runtime.runtimeState(stage.ref)).toBe("attached");
    await stage.worker("worker", recording());
    const next = await send(stage.sender, stage.ref, "new");
    await stage.world.advance(5_000);
    expect(await next.completion).toMatchObject({ output: "new" });
  });

  it("CPL-05 a retired session without an executor is idle after a reset, and accepts again", async () => {
    const stage = await openStage();
    await stage.register();
    const { runtime } = stage.sender;
    await runtime.retire(stage.ref);
    expect(await rejection(runtime.ingest(stage.ref, event("no")))).toMatchObject({ code: "session.not_accepting" });

    await runtime.resetRuntime(stage.ref);

    expect(await runtime.runtimeState(stage.ref)).toBe("idle");
    expect(await runtime.ingest(stage.ref, event("yes"))).toMatchObject({ kind: "accepted", status: "queued" });
  });

  it("CPL-17 a session with a live loop is attached after a reset, and the same loop runs new work", async () => {
    const stage = await openStage();
    await stage.bind();
    const worker = await stage.worker("worker", recording());
    await send(stage.sender, stage.ref, "before");
    await stage.world.advance(1_000);
    const silent = await send(stage.sender, stage.ref, progress("k"));

    expect(await stage.sender.runtime.reset(stage.ref)).toMatchObject({ inputsAbandoned: 1, phaseAfter: "idle" });

    expect(await silent.completion).toMatchObject({ kind: "abandoned", reason: "reset" });
    expect(await stage.sender.runtime.runtimeState(stage.ref)).toBe("attached");
    const next = await send(stage.sender, stage.ref, "new");
    await stage.world.advance(1_000);
    expect(await next.completion).toMatchObject({ output: "new", position: 2 });
    expect(worker.reports).toEqual([]);
  });

  it("CPL-06 CPL-07 a recycle carries over what waits, in order, with its waiters", async () => {
    const stage = await openStage();
    await stage.register();
    const waiting = [await send(stage.sender, stage.ref, "one"), await send(stage.sender, stage.ref, "two")];

    const report = await stage.sender.runtime.recycle(stage.ref);

    expect(report).toMatchObject({ inputsTransferred: 2, inputsAbandoned: 0, inputsDropped: 0, phaseAfter: "idle" });
    const active = await stage.sender.runtime.listActiveInputs(stage.ref);
    expect(active.map(({ inputId }) => inputId)).toEqual(waiting.map(({ inputId }) => inputId));
    await stage.bind();
    await stage.worker("worker", recording());
    await stage.world.advance(5_000);
    expect(await outputs(waiting)).toEqual(["one", "two"]);
    expect(await stage.sender.runtime.sessionState(stage.ref)).toMatchObject({ state: ["one", "two"] });
  });

  it("CPL-11 a retired session whose work is over is destroyed, and there is nothing to abandon", async () => {
    const stage = await openStage();
    await stage.bind();
    const { runtime } = stage.sender;
    const { completion } = await send(stage.sender, stage.ref, "done");
    await stage.worker("worker", recording());
    await stage.world.advance(5_000);
    await runtime.retire(stage.ref);

    const report = await runtime.destroy(stage.ref);

    expect(report).toMatchObject({ phaseBefore: "retired", phaseAfter: "destroyed", inputsAbandoned: 0 });
    expect(await completion).toMatchObject({ output: "done" });
    expect(await runtime.runtimeState(stage.ref)).toBe("destroyed");
  });

  it("CPL-16 verbs whose phase is reached succeed with zero counts", async () => {
    const stage = await openStage();
    await stage.register();
    await send(stage.sender, stage.ref);
    const { runtime } = stage.sender;

    for (const verb of ["retire", "stopRuntimeExecutor", "destroy"] as const) {
      if (verb === "stopRuntimeExecutor") await runtime.recycle(stage.ref);
      const first = await runtime[verb](stage.ref, { requestId: `first ${verb}` as RequestId });
      const again = await runtime[verb](stage.ref);
      expect(again).toMatchObject({ inputsAbandoned: 0, inputsPendingDrain: 0, phaseBefore: again.phaseAfter });
      expect(await runtime[verb](stage.ref, { requestId: `first ${verb}` as RequestId })).toEqual(first);
    }
  });

  it("CPL-13 a receipt that nobody committed is none", async () => {
    const stage = await openStage();
    const boundary = { runId: "run_unknown00" as never, sequence: 1 };

    expect(await stage.sender.runtime.loadBoundaryReceipt(stage.ref, boundary)).toBeNull();
    await stage.register();
    expect(await stage.sender.runtime.loadBoundaryReceipt(stage.ref, boundary)).toBeNull();
  });

  it("CPL-18 REC-16 STA-14 verbs that rebuild are refused while a run is in progress, which goes on unharmed", async () => {
    const stage = await openStage();
    const { host, first } = await withRun(stage);
    const { runtime } = stage.sender;
    const before = await runtime.findSession(stage.ref);
    expect(before).toMatchObject({ state: "running" });

    for (const verb of ["recover", "recycle", "reset", "resetRuntime"] as const) {
      for (const dryRun of [true, false]) {
        expect(await rejection(runtime[verb](stage.ref, { dryRun }))).toMatchObject({
          code: "control.refused",
          details: { phase: "idle", isBusy: true, currentRunId: host.last().turn.runId },
        });
        expect(await runtime.findSession(stage.ref)).toEqual(before);
      }
    }
    host.last().answer({ kind: "completed", output: "unharmed" });
    await stage.world.advance(1_000);
    expect(await first.completion).toMatchObject({ output: "unharmed" });
  });

  it("FRM-12 control goes first: what was queued before a stop never runs after it", async () => {
    const stage = await openStage();
    const { host } = await withRun(stage);
    const continuation = { kind: "continuation", reason: "go on", source: { type: "system" } } as const;
    const operation = { kind: "operation", operationId: "op", event: { type: "progress" } } as const;
    const surface = { kind: "prompt", text: "now", turnMetadata: { handlingMode: "steer" } } as const;
    const queued = [];
    for (const input of [continuation, surface, event("click"), "typed"] as const) {
      queued.push(await send(stage.sender, stage.ref, input));
    }
    await stage.sender.runtime.ingest(stage.ref, operation);

    await stage.sender.runtime.stopRuntimeExecutor(stage.ref);
    host.last().answer();
    await stage.world.advance(10_000);

    for (const { completion } of queued) {
      expect(await completion).toMatchObject({ kind: "abandoned", reason: "stopped", attempts: 0 });
    }
    expect(host.turns).toHaveLength(1);
  });

  it("appends an event of a caller once per request id, and tells it to readers", async () => {
    const stage = await openStage();
    await stage.register();
    const { runtime } = stage.sender;
    const requestId = "r" as RequestId;
    const published = await runtime.publishEvent(
      stage.ref,
      { name: "ticket.closed", payload: { by: "me" } },
      { requestId },
    );

    expect(
      await runtime.publishEvent(stage.ref, { name: "ticket.closed", payload: { by: "me" } }, { requestId }),
    ).toEqual({ ...published, isRepeat: true });
    const { items } = await runtime.listEvents(stage.ref, { after: published.cursor - 1, limit: 10 });
    expect(items.map(({ event: told }) => told)).toEqual([
      { type: "caller.event", name: "ticket.closed", payload: { by: "me" } },
    ]);
    expect(await rejection(runtime.publishEvent(stage.ref, { name: "Not A Name" }))).toMatchObject({
      code: "event.invalid",
    });
    const large = { name: "a", payload: "x".repeat(70_000) };
    expect(await rejection(runtime.publishEvent(stage.ref, large))).toMatchObject({ code: "event.invalid" });
    expect(await rejection(runtime.publishEvent(stage.ref, { name: "other" }, { requestId }))).toMatchObject({
      code: "idempotency.mismatch",
    });
  });
}

function describeStop(openStage: OpenStage): void {
  it("CTL-01 what is queued when a stop is given never runs: it ends, and its waiter is told", async () => {
    const stage = await openStage();
    const { host } = await withRun(stage);
    const queued = await send(stage.sender, stage.ref, "behind");

    await stage.sender.runtime.stopRuntimeExecutor(stage.ref);
    await stage.world.advance(10_000);

    expect(await queued.completion).toMatchObject({ kind: "abandoned", reason: "stopped" });
    expect(host.turns).toHaveLength(1);
    expect(await stage.sender.runtime.runtimeState(stage.ref)).toBe("stopped");
  });

  it("CTL-01 progress work that waits in an attached session is ended by a stop before it starts", async () => {
    const stage = await openStage();
    await stage.bind();
    const host = holding();
    await stage.worker("worker", host.executor);
    const waiting = await send(stage.sender, stage.ref, progress("k"));
    await stage.world.advance(5_000);
    expect(await stage.sender.runtime.runtimeState(stage.ref)).toBe("attached");

    await stage.sender.runtime.stopRuntimeExecutor(stage.ref);
    await stage.world.advance(10_000);

    expect(await waiting.completion).toMatchObject({ kind: "abandoned", reason: "stopped", attempts: 0 });
    expect(await stage.sender.runtime.inputState(stage.ref, waiting)).toMatchObject({ status: "abandoned" });
    expect(host.turns).toEqual([]);
    expect(await stage.sender.runtime.runtimeState(stage.ref)).toBe("stopped");
  });

  it("CTL-02 a stop without anybody who runs the session ends its inputs at once", async () => {
    const stage = await openStage();
    await stage.bind();
    const waiting = [await send(stage.sender, stage.ref), await send(stage.sender, stage.ref)];

    expect(await stage.sender.runtime.stopRuntimeExecutor(stage.ref)).toMatchObject({ inputsAbandoned: 2 });
    for (const { completion, inputId } of waiting) {
      expect(await completion).toMatchObject({ reason: "stopped" });
      expect(await stage.sender.runtime.inputState(stage.ref, { inputId })).toMatchObject({ status: "abandoned" });
    }
    expect(await stage.sender.runtime.runtimeState(stage.ref)).toBe("stopped");
    expect(await stage.sender.runtime.listActiveInputs(stage.ref)).toEqual([]);
    expect(await stage.sender.runtime.findSession(stage.ref)).toMatchObject({ queued: 0, scheduled: 0 });
  });

  it("CTL-03 CTL-04 without a run there is nothing to cancel or interrupt: a typed refusal, and nothing changes", async () => {
    const stage = await openStage();
    await stage.bind();
    await send(stage.sender, stage.ref);
    const { runtime } = stage.sender;
    const before = await runtime.findSession(stage.ref);

    for (const call of [
      () => runtime.stopRuntimeExecutor(stage.ref, { command: "cancel" }),
      () => runtime.interruptCurrentRun(stage.ref, { requestId: "r" as RequestId }),
    ]) {
      expect(await rejection(call())).toMatchObject({ code: "control.refused", details: { phase: "idle" } });
    }
    expect(await runtime.findSession(stage.ref)).toEqual(before);
  });

  it("CTL-09 a destroy that overtakes a stop stands: the stop converges", async () => {
    const stage = await openStage();
    const { first } = await withRun(stage);
    const { runtime } = stage.sender;
    const door = new Door();
    const slow = await stage.process("slow", {
      wrap: (store) => ({
        ...store,
        control: {
          ...store.control,
          apply: async (command) => {
            await door.pass();
            return store.control.apply(command);
          },
        },
      }),
    });
    door.close();
    const told: Outcome[] = [];
    void first.completion.then((outcome) => told.push(outcome));
    const stopping = rejection(slow.runtime.stopRuntimeExecutor(stage.ref));
    await stage.world.settle();

    await runtime.destroy(stage.ref);
    door.open();
    // Where it leads is reached, and past it: it answers so, and ends nothing a second time.
    expect(await stopping).toMatchObject({ code: "session.destroyed" });
    await stage.world.advance(2_000);

    expect(told).toEqual([{ kind: "abandoned", reason: "destroyed", attempts: 1 }]);
    expect(await runtime.runtimeState(stage.ref)).toBe("destroyed");
    const { items } = await runtime.listEvents(stage.ref, { after: 0, limit: 100 });
    expect(items.map(({ event: { type } }) => type).filter((type) => type.startsWith("topology."))).toEqual([
      "topology.runtime_destroyed",
    ]);
  });
}

function describeFailingStores(openStage: OpenStage): void {
  it("CTL-10 CPL-14 CPL-15 a verb that the store does not commit changes nothing for anybody", async () => {
    const stage = await openStage();
    await stage.bind();
    const waiting = await send(stage.sender, stage.ref, "kept");
    const operator = await stage.process("operator", { wrap: refusing });
    const before = await stage.sender.runtime.findSession(stage.ref);

    for (const verb of ["retire", "recycle", "stopRuntimeExecutor", "destroy"] as const) {
      expect(await rejection(operator.runtime[verb](stage.ref))).toMatchObject({ code: "store.unavailable" });
      expect(await stage.sender.runtime.findSession(stage.ref)).toEqual(before);
    }
    await stage.worker("worker", recording());
    await stage.world.advance(5_000);
    expect(await waiting.completion).toMatchObject({ output: "kept" });
  });
}

function refusing(store: Store): Store {
  const fail = async () => Promise.reject(new AppError("store.unavailable"));
  return { ...store, control: { ...store.control, apply: fail } };
}

function describeMany(openStage: OpenStage): void {
  it("applies a verb to every session of a label, says what each became, and can be taken up again", async () => {
    const stage = await openStage();
    const { runtime } = stage.sender;
    const label = { key: "team", value: "blue" };
    for (let n = 0; n < 40; n += 1) {
      const ref = sessionRef(`s${n}`);
      await runtime.registerSession(ref, { labels: { team: n % 2 === 0 ? "blue" : "red" } });
      await send(stage.sender, ref);
    }
    await runtime.stopRuntimeExecutor(sessionRef("s4"));
    const command = { tenantId: stage.ref.tenantId, label, verb: "reset", requestId: "order 1" as RequestId } as const;

    const dry = await runtime.controlByLabel({ ...command, dryRun: true });
    const told: string[] = [];
    const progress = await runtime.controlByLabel(command, ({ sessionId, kind }) => told.push(`${sessionId} ${kind}`));

    expect(progress).toEqual({ applied: 19, refused: 1, inputsAbandoned: 19 });
    expect(dry).toEqual(progress);
    expect(told).toHaveLength(20);
    expect(told).toContain("s4 refused");
    await send(stage.sender, sessionRef("s2"));
    // The same request id: those that had it get their first report, and end nothing new.
    expect(await runtime.controlByLabel(command)).toEqual(progress);
    expect(await runtime.listActiveInputs(sessionRef("s2"))).toHaveLength(1);
    expect(await runtime.listActiveInputs(sessionRef("s1"))).toHaveLength(1);
    expect(await rejection(runtime.controlByLabel({ ...command, label: { key: "", value: "" } }))).toMatchObject({
      code: "label.invalid",
    });
  });
}

async function withRun(stage: Stage) {
  await stage.bind();
  const host = holding();
  await stage.worker("worker", host.executor);
  const first = await send(stage.sender, stage.ref, "first");
  await stage.world.advance(1_000);
  return { host, first };
}

async function outputs(sent: readonly { readonly completion: Promise<Outcome> }[]): Promise<unknown[]> {
  const outcomes = await Promise.all(sent.map(({ completion }) => completion));
  return outcomes.map((outcome) => (outcome.kind === "completed" ? outcome.output : outcome.kind));
}
