/** Registering sessions: what is there, who runs them, and what a failed registration leaves. */
import { AppError, type RequestId } from "@holdfast/contracts";
import type { Store } from "@holdfast/runtime";
import { binding, sessionRef } from "@holdfast/testkit";
import { expect, it } from "vitest";
import { Door } from "../support/calls.ts";
import { holding, recording } from "../support/executors.ts";
import { rejection } from "../support/rejection.ts";
import { send } from "../support/send.ts";
import type { OpenStage, Stage } from "./stage.ts";

const OTHER = { executor: "other", onFailure: "hold" } as const;

/** Plays the scenarios of registration. */
export function describeRegistration(openStage: OpenStage): void {
  describeExecutors(openStage);

  it("REG-01 an input of a session without executor is accepted and waits; the session stays idle", async () => {
    const stage = await openStage();
    await stage.register();

    const admission = await stage.sender.runtime.acceptInput(stage.ref, {
      kind: "prompt",
      text: "hello",
      durability: "durable",
    });
    await stage.world.advance(5_000);

    expect(admission).toMatchObject({ kind: "accepted", status: "queued" });
    expect(await stage.sender.runtime.runtimeState(stage.ref)).toBe("idle");
    expect(await stage.sender.runtime.listActiveInputs(stage.ref)).toMatchObject([
      {
        inputId: admission.kind === "accepted" ? admission.inputId : "",
        status: "queued",
        input: { kind: "prompt", text: "hello", durability: "durable" },
      },
    ]);
  });

  it("REG-02 CPL-12 every call on a session that was never registered is a typed error, and creates nothing", async () => {
    const { sender } = await openStage();
    const nobody = sessionRef("not a uuid");
    const { runtime } = sender;
    const requestId = "r" as RequestId;
    const calls = [
      runtime.acceptInput(nobody, { kind: "prompt", text: "hello" }),
      runtime.acceptInputWithCompletion(nobody, { kind: "prompt", text: "hello" }),
      runtime.ingest(nobody, { kind: "prompt", text: "hello" }),
      runtime.runtimeState(nobody),
      runtime.runtimeMode(nobody),
      runtime.interruptCurrentRun(nobody, { requestId }),
      runtime.stopRuntimeExecutor(nobody),
      runtime.retire(nobody),
      runtime.retireRuntime(nobody),
      runtime.reset(nobody),
      runtime.resetRuntime(nobody),
      runtime.recycle(nobody),
      runtime.recover(nobody),
      runtime.destroy(nobody),
      runtime.publishEvent(nobody, { name: "a.b" }),
      runtime.listActiveInputs(nobody),
      runtime.verifySession(nobody),
      runtime.explain(nobody),
    ];

    for (const error of await Promise.all(calls.map(rejection))) {
      expect(error).toMatchObject({ code: "session.not_found" });
    }
    expect(await runtime.containsSession(nobody)).toBe(false);
    expect(await runtime.findSession(nobody)).toBeNull();
  });

  it("REG-03 a session that was unregistered is unknown to whoever sends to it", async () => {
    const stage = await openStage();
    await stage.register();
    await stage.sender.runtime.unregisterSession(stage.ref);

    const error = await rejection(stage.sender.runtime.acceptInput(stage.ref, { kind: "prompt", text: "late" }));

    expect(error).toMatchObject({ code: "session.not_found" });
    expect(await stage.sender.runtime.containsSession(stage.ref)).toBe(false);
  });

  it("REG-04 registering again leaves executor, epoch, operations and what is queued untouched", async () => {
    const stage = await openStage();
    await stage.bind("defer");
    const elsewhere = await stage.process("elsewhere");
    const { epochId, ops } = await stage.sender.runtime.prepareBindings(stage.ref);
    await ops.register({ kind: "background_tool_op", displayName: "tool" });
    await send(stage.sender, stage.ref, "queued");
    const look = async () => [
      await stage.sender.runtime.findSession(stage.ref),
      await stage.sender.runtime.listActiveInputs(stage.ref),
      (await ops.listOperations()).map(({ operationId, status }) => [operationId, status]),
    ];
    const before = await look();

    for (const { runtime } of [stage.sender, elsewhere]) {
      expect(await runtime.registerSession(stage.ref)).toEqual(before[0]);
      expect((await runtime.prepareBindings(stage.ref)).epochId).toBe(epochId);
    }

    expect(await look()).toEqual(before);
    expect(before).toMatchObject([
      { binding: binding("defer"), queued: 1 },
      [{ status: "queued" }],
      [[expect.any(String), "provisioning"]],
    ]);
    expect(await stage.sender.runtime.opsLifecycleRegistry(stage.ref)).toBe(ops);
  });

  it("REG-10 REG-11 REG-12 contains-session and has-executor tell a prepared session from one with an executor", async () => {
    const stage = await openStage();
    const { runtime } = stage.sender;
    const facts = async () => [await runtime.containsSession(stage.ref), await runtime.sessionHasExecutor(stage.ref)];
    expect(await facts()).toEqual([false, false]);

    await runtime.prepareBindings(stage.ref);
    expect(await facts()).toEqual([true, false]);
    await stage.bind();
    expect(await facts()).toEqual([true, true]);
    await runtime.stopRuntimeExecutor(stage.ref);
    expect(await facts()).toEqual([true, false]);
  });

  it("REG-14 CNF-19 a store that cannot be read refuses the registration, and nothing half-registered remains", async () => {
    const stage = await openStage();
    await stage.bind();
    await send(stage.sender, stage.ref);
    const fresh = sessionRef("fresh");
    for (const code of ["store.unavailable", "store.corrupt"] as const) {
      const broken = await stage.process(code.slice(6), {
        wrap: (store) => {
          const fail = async () => Promise.reject(new AppError(code));
          return { ...store, directory: { ...store.directory, register: fail, find: fail } };
        },
      });

      for (const call of [
        () => broken.runtime.registerSession(fresh),
        () => broken.runtime.ensureSessionWithExecutor(stage.ref, binding()),
      ]) {
        expect(await rejection(call())).toMatchObject({ code });
      }
    }
    expect(await stage.sender.runtime.findSession(fresh)).toBeNull();
    // What was queued is there still: nobody went on with an empty queue.
    expect(await stage.sender.runtime.listActiveInputs(stage.ref)).toHaveLength(1);
  });

  it("REG-15 REC-08 a retired session gets an executor to drain it after every process has gone", async () => {
    const stage = await openStage();
    await stage.bind();
    const { inputId } = await send(stage.sender, stage.ref, "left");
    await stage.sender.runtime.retire(stage.ref);
    stage.sender.kill();
    await stage.world.advance(60_000);
    const cold = await stage.process("cold");
    expect(await cold.runtime.runtimeState(stage.ref)).toBe("retired");
    expect(await cold.runtime.listActiveInputs(stage.ref)).toMatchObject([{ inputId, status: "queued", attempts: 0 }]);
    const later = await stage.worker("later", recording());

    const view = await later.runtime.ensureSessionWithExecutor(stage.ref, binding("defer"));
    await stage.world.advance(5_000);

    expect(view).toMatchObject({ phase: "retired" });
    expect(await cold.runtime.waitForOutcome(stage.ref, { inputId })).toMatchObject({
      kind: "completed",
      output: "left",
    });
    expect(await rejection(later.runtime.acceptInput(stage.ref, { kind: "prompt", text: "new" }))).toMatchObject({
      code: "session.not_accepting",
      details: { phase: "retired" },
    });
  });
}

function describeExecutors(openStage: OpenStage): void {
  it("REG-05 binding a session starts what was queued before there was anybody to run it", async () => {
    const stage = await openStage();
    await stage.register();
    const { completion, inputId } = await send(stage.sender, stage.ref, "early");
    await stage.worker("worker", recording());
    await stage.world.advance(5_000);
    expect(await stage.sender.runtime.inputState(stage.ref, { inputId })).toMatchObject({ status: "queued" });

    await stage.bind();
    await stage.world.advance(5_000);

    expect(await completion).toMatchObject({ kind: "completed", output: "early" });
    expect(await stage.sender.runtime.inputState(stage.ref, { inputId })).toMatchObject({
      status: "consumed",
      attempts: 1,
    });
    expect(await stage.sender.runtime.runtimeState(stage.ref)).toBe("attached");
    expect(await stage.sender.runtime.listActiveInputs(stage.ref)).toEqual([]);
  });

  it("REG-06 a registration and a binding that race over a slow store make one session with one run", async () => {
    const stage = await openStage();
    const door = new Door();
    const slow = (store: Store): Store => ({
      ...store,
      directory: {
        ...store.directory,
        find: async (ref) => {
          await door.pass();
          return store.directory.find(ref);
        },
        register: async (command) => {
          await door.pass();
          return store.directory.register(command);
        },
      },
    });
    const host = holding();
    const both = await stage.worker("both", host.executor, { wrap: slow });
    door.close();
    const racing = [
      both.runtime.registerSession(stage.ref),
      both.runtime.ensureSessionWithExecutor(stage.ref, binding()),
      both.runtime.registerSession(stage.ref),
    ];
    await stage.world.advance(1_000);
    door.open();
    await Promise.all(racing);

    const { inputId } = await send(stage.sender, stage.ref);
    await stage.world.advance(2_000);

    expect(host.turns).toHaveLength(1);
    host.last().answer({ kind: "completed", output: 1 });
    await stage.world.advance(1_000);
    expect(await stage.sender.runtime.inputState(stage.ref, { inputId })).toMatchObject({ status: "consumed" });
    expect(await registrations(stage)).toEqual([1, 1]);
    expect(await stage.sender.runtime.runtimeState(stage.ref)).toBe("attached");
  });

  it("REG-13 of two hosts that bind an unknown session at once one works, and hears of what follows", async () => {
    const stage = await openStage();
    const hosts = [holding(), holding()] as const;
    const workers = [await stage.worker("first", hosts[0].executor), await stage.worker("second", hosts[1].executor)];

    await Promise.all(workers.map(({ runtime }) => runtime.ensureSessionWithExecutor(stage.ref, binding())));
    const sent = await send(stage.sender, stage.ref);
    await stage.world.advance(2_000);
    expect(hosts.map(({ turns }) => turns.length).toSorted((one, two) => one - two)).toEqual([0, 1]);
    const [host, other] = hosts[0].turns.length === 1 ? hosts : [hosts[1], hosts[0]];
    host.last().answer({ kind: "completed", output: 1 });
    await stage.world.advance(1_000);
    expect(await sent.completion).toMatchObject({ output: 1 });

    // The wake of the next input, and that of background work that ends, go to whoever has the session.
    const next = await send(stage.sender, stage.ref);
    await stage.world.advance(1_000);
    host.last().answer({ kind: "completed", output: 2 });
    await stage.world.advance(1_000);
    expect(await next.completion).toMatchObject({ output: 2 });
    const { ops } = await stage.sender.runtime.prepareBindings(stage.ref);
    const { operationId } = await ops.register({ kind: "background_tool_op", displayName: "tool" });
    await ops.provisioningSucceeded(operationId);
    await ops.completeOperation(operationId, "done");
    await stage.world.advance(1_000);

    expect(host.turns.map(({ turn }) => turn.inputs.map(({ kind }) => kind))).toEqual([
      ["prompt"],
      ["prompt"],
      ["continuation"],
    ]);
    expect(other.turns).toEqual([]);
    expect(await registrations(stage)).toEqual([1, 1]);
  });

  it("REG-07 a session whose worker is dead is taken up by whoever hosts its executor", async () => {
    const stage = await openStage();
    await stage.bind();
    const dead = holding();
    const first = await stage.worker("first", dead.executor);
    const { completion } = await send(stage.sender, stage.ref, "again");
    await stage.world.advance(1_000);
    first.kill();
    expect(await stage.sender.runtime.runtimeState(stage.ref)).toBe("running");
    const second = await stage.worker("second", recording());

    await second.runtime.ensureSessionWithExecutor(stage.ref, binding());
    const fresh = await send(stage.sender, stage.ref, "fresh");
    await stage.world.advance(20_000);

    expect(await completion).toMatchObject({ kind: "completed", output: "again" });
    expect(await fresh.completion).toMatchObject({ kind: "completed", output: "fresh" });
    expect(dead.turns).toHaveLength(1);
    expect(await stage.sender.runtime.sessionHasExecutor(stage.ref)).toBe(true);
    expect(await stage.sender.runtime.runtimeState(stage.ref)).toBe("attached");
  });

  it("REG-08 while one host runs a session, another that binds it gets no run, and none of what follows", async () => {
    const stage = await openStage();
    await stage.bind();
    const [host, other] = [holding(), holding()];
    await stage.worker("worker", host.executor);
    const first = await send(stage.sender, stage.ref);
    await stage.world.advance(1_000);
    const second = await stage.worker("second", other.executor);

    await second.runtime.ensureSessionWithExecutor(stage.ref, binding());
    await stage.world.advance(2_000);
    expect([host.turns.length, other.turns.length]).toEqual([1, 0]);
    host.last().answer({ kind: "completed", output: "first" });
    await stage.world.advance(1_000);
    const next = await send(stage.sender, stage.ref);
    await stage.world.advance(1_000);
    host.last().answer({ kind: "completed", output: "next" });
    await stage.world.advance(1_000);

    expect(await first.completion).toMatchObject({ output: "first" });
    expect(await next.completion).toMatchObject({ output: "next" });
    expect(other.turns).toEqual([]);
    expect(await stage.sender.runtime.sessionHasExecutor(stage.ref)).toBe(true);
  });

  it("REG-08 a run goes on with its executor though its session is bound to one of another name", async () => {
    const stage = await openStage();
    await stage.bind();
    const [host, other] = [holding(), holding()];
    const workers = [
      await stage.worker("worker", host.executor),
      await stage.worker("second", { ...other.executor, name: OTHER.executor }),
    ];
    const first = await send(stage.sender, stage.ref);
    await stage.world.advance(1_000);

    await stage.sender.runtime.ensureSessionWithExecutor(stage.ref, OTHER);
    await send(stage.sender, stage.ref);
    await stage.world.advance(2_000);

    expect([host.turns.length, other.turns.length]).toEqual([1, 0]);
    expect(host.last().turn.signal.aborted).toBe(false);
    host.last().answer({ kind: "completed", output: "first" });
    await stage.world.advance(100);
    expect(await first.completion).toMatchObject({ output: "first" });
    expect([host.turns.length, other.turns.length]).toEqual([1, 1]);
    other.last().answer();
    await stage.world.settle();
    // At rest the worker that has it warm is not the one to ask either, once it is bound back.
    await stage.bind();
    await send(stage.sender, stage.ref);
    await stage.world.advance(100);
    expect([host.turns.length, other.turns.length]).toEqual([2, 1]);
    expect(workers.flatMap(({ reports }) => reports)).toEqual([]);
    expect(await stage.sender.runtime.listUnhostedSessions()).toEqual([]);
  });

  it("REG-09 CTL-11 a stop holds at once although the executor still cleans up; reviving fences what is left", async () => {
    const stage = await openStage();
    await stage.bind();
    const { runtime } = stage.sender;
    const host = holding();
    await stage.worker("worker", host.executor);
    const first = await send(stage.sender, stage.ref);
    await stage.world.advance(1_000);
    await runtime.stopRuntimeExecutor(stage.ref);
    await stage.world.advance(10);

    expect(host.last().turn.signal.aborted).toBe(true);
    expect(await runtime.runtimeState(stage.ref)).toBe("stopped");
    expect(await rejection(runtime.acceptInput(stage.ref, { kind: "prompt", text: "no" }))).toMatchObject({
      code: "session.not_accepting",
      details: { phase: "stopped" },
    });
    await runtime.registerSession(stage.ref);
    expect(await runtime.runtimeState(stage.ref)).toBe("idle");
    await stage.bind();
    expect(await runtime.runtimeState(stage.ref)).toBe("attached");
    host.last().answer({ kind: "completed", state: "of the stopped run" });
    const second = await send(stage.sender, stage.ref);
    await stage.world.advance(5_000);
    host.last().answer({ kind: "completed", output: 2 });
    await stage.world.advance(1_000);

    expect(await first.completion).toMatchObject({ kind: "abandoned", reason: "stopped" });
    expect(await second.completion).toMatchObject({ kind: "completed", output: 2, position: 1 });
    expect(await runtime.sessionState(stage.ref)).toEqual({ state: null, position: 1 });
  });

  it("registers and binds a session in one call, by either name", async () => {
    const stage = await openStage();
    const { runtime } = stage.sender;

    const registered = await runtime.registerSessionWithExecutor(stage.ref, binding());
    const ensured = await runtime.ensureSessionWithExecutor(stage.ref, binding());

    expect(registered).toMatchObject({ state: "attached", binding: binding() });
    expect(ensured).toEqual(registered);
  });

  it("leaves no session where its labels are refused", async () => {
    const stage = await openStage();
    const { runtime } = stage.sender;

    const error = await rejection(runtime.registerSession(stage.ref, { labels: { "": "nameless" } }));

    expect(error).toMatchObject({ code: "label.invalid" });
    expect(await runtime.findSession(stage.ref)).toBeNull();
  });
}

/** How many sessions the tenant has, and how often one was made. */
async function registrations({ sender: { runtime }, ref }: Stage): Promise<number[]> {
  const { sessions } = await runtime.listSessions({ tenantId: ref.tenantId, after: null, limit: 10 });
  const { items } = await runtime.listEvents(ref, { after: 0, limit: 100 });
  return [sessions.length, items.filter(({ event }) => event.type === "topology.runtime_created").length];
}
