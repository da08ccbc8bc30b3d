/** Registering sessions: what is there, who runs them, and what a failed registration leaves. */
import { AppError, type InputId, type RequestId } from "@holdfast/contracts";
import { binding, sessionRef } from "@holdfast/testkit";
import { expect, it } from "vitest";
import { holding, recording } from "../support/executors.ts";
import { rejection } from "../support/rejection.ts";
import { send } from "../support/send.ts";
import type { OpenStage } from "./stage.ts";

const OTHER = { executor: "other", onFailure: "hold" } as const;

/** Plays the scenarios of registration. */
export function describeRegistration(openStage: OpenStage): void {
  describeExecutors(openStage);

  it("REG-01 an input of a session without executor is accepted and waits; the session stays idle", async () => {
    const stage = await openStage();
    await stage.register();

    const { inputId } = await send(stage.sender, stage.ref, "hello");

    expect(await stage.sender.runtime.runtimeState(stage.ref)).toBe("idle");
    const active = await stage.sender.runtime.listActiveInputs(stage.ref);
    expect(active.map((input) => input.inputId)).toEqual([inputId]);
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

  it("REG-04 registering again leaves the session and what is queued untouched", async () => {
    const stage = await openStage();
    await stage.register();
    await send(stage.sender, stage.ref);
    const before = await stage.sender.runtime.findSession(stage.ref);

    const again = await stage.sender.runtime.registerSession(stage.ref);

    expect(again).toEqual(before);
    expect(await stage.sender.runtime.listActiveInputs(stage.ref)).toHaveLength(1);
  });

  it("REG-10 REG-11 REG-12 contains-session and has-executor tell a registered session from a bound one", async () => {
    const stage = await openStage();
    const { runtime } = stage.sender;
    const facts = async () => [await runtime.containsSession(stage.ref), await runtime.sessionHasExecutor(stage.ref)];
    expect(await facts()).toEqual([false, false]);

    await stage.register();
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
    const { completion } = await send(stage.sender, stage.ref, "left");
    await stage.sender.runtime.retire(stage.ref);
    const later = await stage.worker("later", recording());

    const view = await later.runtime.ensureSessionWithExecutor(stage.ref, binding("defer"));
    await stage.world.advance(5_000);

    expect(view).toMatchObject({ phase: "retired" });
    expect(await completion).toMatchObject({ kind: "completed", output: "left" });
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
    const { completion } = await send(stage.sender, stage.ref, "early");
    await stage.worker("worker", recording());

    await stage.bind();
    await stage.world.advance(5_000);

    expect(await completion).toMatchObject({ kind: "completed", output: "early" });
    expect(await stage.sender.runtime.runtimeState(stage.ref)).toBe("attached");
    expect(await stage.sender.runtime.listActiveInputs(stage.ref)).toEqual([]);
  });

  it("REG-06 REG-13 registrations that race make one session, on which one run works at a time", async () => {
    const stage = await openStage();
    const hosts = [holding(), holding()];
    await stage.worker("first", hosts[0]?.executor ?? []);
    await stage.worker("second", hosts[1]?.executor ?? []);
    const { runtime } = stage.sender;

    await Promise.all([
      runtime.registerSession(stage.ref),
      runtime.ensureSessionWithExecutor(stage.ref, binding()),
      runtime.ensureSessionWithExecutor(stage.ref, binding()),
    ]);
    const sent = await send(stage.sender, stage.ref);
    await stage.world.advance(2_000);

    const turns = hosts.flatMap((host) => host.turns);
    expect(turns).toHaveLength(1);
    turns[0]?.answer({ kind: "completed", output: 1 });
    await stage.world.advance(1_000);
    expect(await sent.completion).toMatchObject({ output: 1 });
    const { sessions } = await runtime.listSessions({ tenantId: stage.ref.tenantId, after: null, limit: 10 });
    expect(sessions).toHaveLength(1);
  });

  it("REG-07 a session whose worker is dead is taken up by whoever hosts its executor", async () => {
    const stage = await openStage();
    await stage.bind();
    const dead = holding();
    const first = await stage.worker("first", dead.executor);
    const { completion } = await send(stage.sender, stage.ref, "again");
    await stage.world.advance(1_000);
    first.kill();
    await stage.worker("second", recording());

    await stage.sender.runtime.ensureSessionWithExecutor(stage.ref, binding());
    await stage.world.advance(20_000);

    expect(await completion).toMatchObject({ kind: "completed", output: "again" });
    expect(await stage.sender.runtime.runtimeState(stage.ref)).toBe("attached");
  });

  it("REG-08 ensuring a session that has an executor starts no second run beside the first", async () => {
    const stage = await openStage();
    await stage.bind();
    const host = holding();
    await stage.worker("worker", host.executor);
    const { completion } = await send(stage.sender, stage.ref);
    await stage.world.advance(1_000);

    await stage.bind();
    await stage.world.advance(2_000);
    expect(host.turns).toHaveLength(1);
    host.last().answer({ kind: "completed", output: "first" });
    await stage.world.advance(1_000);

    expect(await completion).toMatchObject({ output: "first" });
    expect(await stage.sender.runtime.sessionHasExecutor(stage.ref)).toBe(true);
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

  it("binds a session to another executor from its next run on", async () => {
    const stage = await openStage();
    await stage.bind();
    await stage.worker("worker", [{ ...recording(), name: OTHER.executor }]);

    await stage.sender.runtime.ensureSessionWithExecutor(stage.ref, OTHER);
    const { completion, inputId } = await send(stage.sender, stage.ref, "other");
    await stage.world.advance(5_000);

    expect(await completion).toMatchObject({ output: "other" });
    expect(inputId satisfies InputId).toMatch(/^inp_/);
  });
}
