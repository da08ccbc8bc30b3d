import { type ControlVerb, isAppError, type RequestId } from "@holdfast/contracts";
import { binding, createIds, prompt, sessionRef } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import { ref, withSession } from "./support/bound-session.ts";
import { withLedger } from "./support/calls.ts";
import { holding, recording, textsOf } from "./support/executors.ts";
import { rejection } from "./support/rejection.ts";
import { send } from "./support/send.ts";
import type { TestProcess } from "./support/world.ts";

const ids = createIds();

type Verb = Exclude<ControlVerb, "interrupt">;

/** Gives a verb under a request id of its own. */
function give({ runtime }: TestProcess, verb: Verb, requestId: RequestId = ids.request()) {
  return runtime.control(ref, { verb, requestId });
}

/** A session with a committed state, a turn in progress and an input behind it. */
async function withRun() {
  const { world, sender } = await withSession();
  const host = holding();
  const worker = await world.start("worker", { executors: [host.executor] });
  await send(sender, ref, "zero");
  await world.advance(100);
  host.last().answer({ kind: "completed", state: { kept: true } });
  await world.settle();
  const first = await send(sender, ref, "one");
  const second = await send(sender, ref, "two");
  await world.advance(100);
  return { world, sender, worker, host, first, second, turn: host.last().turn };
}

/** What a reader can see of the session. */
async function standing({ runtime }: TestProcess) {
  const { items } = await runtime.listInputs(ref, { after: 0, limit: 100 });
  const events = await runtime.listEvents(ref, { after: 0, limit: 100 });
  return { view: await runtime.findSession(ref), inputs: items, cursor: events.items.length };
}

const NOTHING = {
  inputsAbandoned: 0,
  inputsPendingDrain: 0,
  inputsTransferred: 0,
  inputsRecovered: 0,
  inputsRequeued: 0,
  inputsDropped: 0,
};

describe("retire", () => {
  it("leaves the run alone, closes intake, and lets what is queued drain", async () => {
    const { world, sender, host, first, second, turn } = await withRun();

    const report = await give(sender, "retire");
    const refused = await rejection(sender.runtime.acceptInput(ref, prompt("three")));
    host.last().answer({ kind: "completed", output: 1 });
    await world.settle();
    host.last().answer({ kind: "completed", output: 2 });
    await world.settle();

    expect(report).toEqual({
      ...NOTHING,
      verb: "retire",
      phaseBefore: "idle",
      phaseAfter: "retired",
      inputsPendingDrain: 2,
    });
    expect(turn.signal.aborted).toBe(false);
    expect(isAppError(refused, "session.not_accepting")).toBe(true);
    expect(await first.completion).toMatchObject({ kind: "completed", output: 1 });
    expect(await second.completion).toMatchObject({ kind: "completed", output: 2 });
    expect(await sender.runtime.findSession(ref)).toMatchObject({ phase: "retired", state: "retired", queued: 0 });
  });
});

describe("recycle", () => {
  it("of a retired session opens it again, bound as it was, with its state and its backlog", async () => {
    const { world, sender } = await withSession();
    await send(sender, ref, "one");
    await give(sender, "retire");

    const report = await give(sender, "recycle");
    await world.start("worker", { executors: [recording()] });
    const { completion } = await send(sender, ref, "two");
    await world.advance(3_000);

    expect(report).toEqual({
      ...NOTHING,
      verb: "recycle",
      phaseBefore: "retired",
      phaseAfter: "idle",
      inputsTransferred: 1,
    });
    expect(await completion).toMatchObject({ kind: "completed", output: "two" });
    expect(await sender.runtime.sessionState(ref)).toMatchObject({ state: ["one", "two"] });
  });
});

describe("reset", () => {
  it("ends what is queued, tells its waiters, and takes new input at once", async () => {
    const { world, sender } = await withSession();
    const [first, second] = [await send(sender, ref, "one"), await send(sender, ref, "two")];

    const report = await give(sender, "reset");
    await world.start("worker", { executors: [recording()] });
    const { completion } = await send(sender, ref, "three");
    await world.advance(3_000);

    expect(report).toEqual({ ...NOTHING, verb: "reset", phaseBefore: "idle", phaseAfter: "idle", inputsAbandoned: 2 });
    for (const ended of [first, second]) {
      expect(await ended.completion).toEqual({ kind: "abandoned", reason: "reset", attempts: 0 });
    }
    expect(await completion).toMatchObject({ kind: "completed", output: "three" });
    expect(await sender.runtime.sessionState(ref)).toMatchObject({ state: ["three"] });
  });

  it("says of a rehearsal that it was one, and ends nothing", async () => {
    const { sender } = await withSession();
    await send(sender, ref, "one");

    const rehearsed = await sender.runtime.reset(ref, { dryRun: true });
    const report = await give(sender, "reset");

    expect(rehearsed).toEqual({ ...report, isDryRun: true });
    expect(report.inputsAbandoned).toBe(1);
  });

  it("ends more than one batch of rows, and every waiter is told (G9)", async () => {
    const { world, sender } = await withSession();
    const sent = [];
    for (let n = 1; n <= 250; n += 1) sent.push(await send(sender, ref, `${n}`));

    const report = await give(sender, "reset");
    await world.settle();

    expect(report.inputsAbandoned).toBe(250);
    const outcomes = await Promise.all(sent.map(({ completion }) => completion));
    expect(outcomes.every((outcome) => outcome.kind === "abandoned" && outcome.reason === "reset")).toBe(true);
    expect(sender.calls.settleChores).toBe(3);
  });
});

describe("recover", () => {
  it("returns what a dead attempt holds to its place and wakes whoever can run it", async () => {
    const { world, sender, worker, first, turn } = await withRun();
    worker.kill();
    const heir = holding();
    await world.start("heir", { executors: [heir.executor], wrap: withLedger(() => ({ sweep: async () => [] })) });
    await world.advance(world.timing.leaseMs);

    const report = await give(sender, "recover");
    await world.settle();

    expect(report).toEqual({
      ...NOTHING,
      verb: "recover",
      phaseBefore: "idle",
      phaseAfter: "idle",
      inputsRecovered: 2,
      inputsRequeued: 1,
    });
    expect(heir.last().turn).toMatchObject({ runId: turn.runId, attempt: 2 });
    expect(await sender.runtime.inputState(ref, first)).toMatchObject({ losses: 1, failures: 0 });
  });
});

describe("stop", () => {
  it("aborts the run by name, ends everything, unbinds, and tells every waiter (C4, G9)", async () => {
    const { world, sender, first, second, turn } = await withRun();

    const report = await give(sender, "stop");
    await world.settle();

    expect(report).toEqual({
      ...NOTHING,
      verb: "stop",
      phaseBefore: "idle",
      phaseAfter: "stopped",
      inputsAbandoned: 2,
      abortedRunId: turn.runId,
    });
    expect(turn.signal).toMatchObject({ aborted: true, reason: { name: "AbortError" } });
    expect(await first.completion).toEqual({ kind: "abandoned", reason: "stopped", attempts: 1 });
    expect(await second.completion).toEqual({ kind: "abandoned", reason: "stopped", attempts: 0 });
    expect(await sender.runtime.findSession(ref)).toMatchObject({ phase: "stopped", binding: null, queued: 0 });
  });

  it("fences the run: what it answers later counts for nothing (C4, G3)", async () => {
    const { world, sender, host, worker } = await withRun();
    world.notices.setDrop((_node, message) => message.type === "run.abort");
    await give(sender, "stop");

    host.last().answer({ kind: "completed", state: { stolen: true } });
    await world.settle();

    expect(await sender.runtime.sessionState(ref)).toEqual({ state: { kept: true }, position: 1 });
    expect(worker.worker?.held).toBe(0);
    expect(worker.reports).toContainEqual(expect.objectContaining({ phrase: "settlement refused" }));
  });

  it("is undone by registering, unbound, or by ensuring, bound; the state stays", async () => {
    const { world, sender } = await withRun();
    await give(sender, "stop");
    await world.advance(2_000);

    const registered = await sender.runtime.registerSession(ref);
    await give(sender, "stop");
    const ensured = await sender.runtime.ensureSessionWithExecutor(ref, binding());

    expect(registered).toMatchObject({ phase: "idle", state: "idle", binding: null });
    expect(ensured).toMatchObject({ phase: "idle", state: "attached", binding: { executor: "agent" } });
    expect(await sender.runtime.sessionState(ref)).toMatchObject({ state: { kept: true } });
  });
});

describe("destroy", () => {
  it("leaves the event that tells of it, and an end behind it", async () => {
    const { world, sender } = await withRun();
    await give(sender, "destroy");
    await world.settle();

    const whole = await sender.runtime.listEvents(ref, { after: 0, limit: 100 });
    const last = whole.items.at(-1);
    const behind = await sender.runtime.listEvents(ref, { after: last?.cursor ?? 0, limit: 100 });

    expect(last?.event).toMatchObject({ type: "topology.runtime_destroyed" });
    expect(behind).toEqual({ items: [], next: null });
  });

  it("aborts the run by name, tells every waiter, and leaves a session that refuses for good (C4, G9)", async () => {
    const { world, sender, first, second, turn } = await withRun();

    const report = await give(sender, "destroy");
    await world.settle();
    const refusals = [
      await rejection(sender.runtime.acceptInput(ref, prompt("three"))),
      await rejection(sender.runtime.registerSession(ref)),
      await rejection(give(sender, "recycle")),
    ];

    expect(report).toMatchObject({ phaseAfter: "destroyed", inputsAbandoned: 2, abortedRunId: turn.runId });
    expect(turn.signal.aborted).toBe(true);
    for (const { completion } of [first, second]) expect(await completion).toMatchObject({ reason: "destroyed" });
    expect(refusals.map((error) => isAppError(error, "session.destroyed"))).toEqual([true, true, true]);
  });
});

describe("an abort", () => {
  it("reaches a run in the process that gave the verb without a message", async () => {
    const { world, sender } = await withSession();
    const host = holding();
    const both = await world.start("both", { executors: [host.executor] });
    await send(sender, ref);
    await world.advance(100);
    world.notices.setDrop(() => true);

    await give(both, "stop");

    expect(host.last().turn.signal.aborted).toBe(true);
  });

  it("that arrives late ends no later run: it names the one that is meant", async () => {
    const { world, sender, worker, host, turn } = await withRun();
    host.last().answer();
    await world.settle();

    worker.worker?.abort(ref, turn.runId, "stopped");
    await world.settle();

    expect(textsOf(host.last().turn)).toEqual(["two"]);
    expect(host.last().turn.signal.aborted).toBe(false);
    expect(await sender.runtime.findSession(ref)).toMatchObject({ phase: "idle" });
  });
});

describe("while a run is in progress", () => {
  it.each<Verb>(["recycle", "reset", "recover"])(
    "%s is refused, changes nothing, and says what is legal (C3, G10)",
    async (verb) => {
      const { world, sender, host, first, turn } = await withRun();
      const before = await standing(sender);

      const error = await rejection(give(sender, verb));

      expect(isAppError(error, "control.refused")).toBe(true);
      expect(error).toMatchObject({
        details: {
          phase: "idle",
          isBusy: true,
          currentRunId: turn.runId,
          legalVerbs: ["retire", "stop", "destroy", "interrupt"],
        },
      });
      expect(await standing(sender)).toEqual(before);
      host.last().answer();
      await world.settle();
      expect(await first.completion).toMatchObject({ kind: "completed_without_result" });
    },
  );
});

describe("a request id", () => {
  it.each<Verb>(["retire", "recycle", "reset", "recover", "stop", "destroy"])(
    "given again gets the first report of %s and changes nothing (C1, G10)",
    async (verb) => {
      const { sender } = await withSession();
      await send(sender, ref);
      const requestId = ids.request();
      const first = await give(sender, verb, requestId);
      const before = await standing(sender).catch(() => null);

      const again = await give(sender, verb, requestId);

      expect(again).toEqual(first);
      expect(await standing(sender).catch(() => null)).toEqual(before);
    },
  );

  it("given again after the session went on still gets the first report, and ends nothing new (C1)", async () => {
    const { sender } = await withSession();
    await send(sender, ref, "one");
    const requestId = ids.request();
    const first = await give(sender, "reset", requestId);
    const { inputId } = await send(sender, ref, "two");

    const again = await give(sender, "reset", requestId);

    expect(again).toEqual(first);
    expect(await sender.runtime.inputState(ref, { inputId })).toMatchObject({ status: "queued" });
  });

  it("of one verb is refused for another", async () => {
    const { sender } = await withSession();
    const requestId = ids.request();
    await give(sender, "retire", requestId);

    const error = await rejection(give(sender, "recycle", requestId));

    expect(isAppError(error, "idempotency.mismatch")).toBe(true);
    expect(await sender.runtime.findSession(ref)).toMatchObject({ phase: "retired" });
  });
});

it.each<[Verb, string]>([
  ["retire", "retired"],
  ["stop", "stopped"],
  ["destroy", "destroyed"],
])("a second %s succeeds with zero counts: its phase is reached (C2)", async (verb, phase) => {
  const { sender } = await withSession();
  await send(sender, ref);
  await give(sender, verb);

  const report = await give(sender, verb);

  expect(report).toEqual({ ...NOTHING, verb, phaseBefore: phase, phaseAfter: phase });
});

it("a session that does not exist is not found by any verb", async () => {
  const { sender } = await withSession();
  const nobody = sessionRef("nobody");

  for (const verb of ["retire", "recycle", "reset", "recover", "stop", "destroy"] as const) {
    const error = await rejection(sender.runtime.control(nobody, { verb, requestId: ids.request() }));

    expect(isAppError(error, "session.not_found")).toBe(true);
  }
  const error = await rejection(sender.runtime.interruptCurrentRun(nobody, { requestId: ids.request() }));
  expect(isAppError(error, "session.not_found")).toBe(true);
});

it("registering a retired session finds it as it is: only recycle opens it", async () => {
  const { sender } = await withSession();
  await give(sender, "retire");

  const registered = await sender.runtime.registerSession(ref);
  const ensured = await sender.runtime.ensureSessionWithExecutor(ref, binding("defer"));

  expect(registered).toMatchObject({ phase: "retired", legalVerbs: expect.arrayContaining(["recycle"]) });
  expect(ensured).toMatchObject({ phase: "retired", binding: binding("defer") });
});

it("a registration that the session's phase refuses says which verbs are legal", async () => {
  const { world } = await withSession();
  const operator = await world.start("operator", {
    wrap: (store) => ({
      ...store,
      directory: {
        register: async () => ({ kind: "refused", phase: "recovering", open: [] }),
        find: async (session) => {
          const record = await store.directory.find(session);
          return record === null ? null : { ...record, phase: "recovering" };
        },
        list: (query) => store.directory.list(query),
        configure: (session, settings) => store.directory.configure(session, settings),
        label: (session, labels) => store.directory.label(session, labels),
        follow: (command) => store.directory.follow(command),
      },
    }),
  });

  const error = await rejection(operator.runtime.registerSession(ref));

  expect(isAppError(error, "control.refused")).toBe(true);
  expect(error).toMatchObject({
    details: { phase: "recovering", legalVerbs: ["reset", "recover", "stop", "destroy"] },
  });
});
