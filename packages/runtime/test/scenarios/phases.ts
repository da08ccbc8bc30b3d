/** Phases as callers see them: what each command makes of a session in every state it can be in. */
import type { ControlVerb, RequestId, RunId, SessionState } from "@holdfast/contracts";
import { expect, it } from "vitest";
import { failure } from "../support/bound-session.ts";
import { executor, holding, textsOf } from "../support/executors.ts";
import { rejection } from "../support/rejection.ts";
import { send } from "../support/send.ts";
import type { OpenStage, Stage } from "./stage.ts";

/** Ways into every state that a caller can find a session in. */
const WAYS = {
  idle: async (stage) => {
    await stage.register();
    await send(stage.sender, stage.ref);
  },
  attached: async (stage) => {
    await stage.bind();
    await send(stage.sender, stage.ref);
  },
  running: begin,
  retired: async (stage) => {
    await WAYS.attached(stage);
    await stage.sender.runtime.retire(stage.ref);
  },
  "retired during a run": async (stage) => {
    await begin(stage);
    await stage.sender.runtime.retire(stage.ref);
  },
  draining: async (stage) => {
    await begin(stage);
    void stage.sender.runtime.unregisterSession(stage.ref).catch(() => {});
    await stage.world.settle();
  },
  stopped: async (stage) => {
    await WAYS.attached(stage);
    await stage.sender.runtime.stopRuntimeExecutor(stage.ref);
  },
  "left by a dead worker": async (stage) => {
    const worker = await begin(stage);
    worker.kill();
    await stage.world.advance(15_000);
  },
  destroyed: async (stage) => {
    await WAYS.attached(stage);
    await stage.sender.runtime.destroy(stage.ref);
  },
} satisfies Record<string, (stage: Stage) => Promise<unknown>>;
type Way = keyof typeof WAYS;

const VERBS: readonly ControlVerb[] = ["retire", "recycle", "reset", "recover", "stop", "destroy", "interrupt"];

/** Plays the scenarios of phases that a caller can bring about. */
export function describePhases(openStage: OpenStage): void {
  describeRuns(openStage);
  describeVerbs(openStage);
}

function describeRuns(openStage: OpenStage): void {
  it("STA-06 a run ends in the state it began in: idle, attached or retired", async () => {
    const seen: Record<string, SessionState[]> = {};
    for (const way of ["idle", "attached", "retired"] as const) {
      const stage = await openStage();
      const states: SessionState[] = [];
      seen[way] = states;
      const look = async () => void states.push(await stage.sender.runtime.runtimeState(stage.ref));
      if (way === "idle") {
        await stage.register();
        await look();
        const result = { kind: "completed" } as const;
        await stage.sender.runtime.acceptInputAndRun(stage.ref, { kind: "prompt", text: "x" }, async () => {
          return { value: await look(), result };
        });
        await look();
        continue;
      }
      await WAYS[way](stage);
      await look();
      await stage.worker(
        "worker",
        executor(async () => {
          await look();
          return { kind: "completed" };
        }),
      );
      await stage.world.advance(5_000);
      await look();
    }

    expect(seen).toEqual({
      idle: ["idle", "running", "idle"],
      attached: ["attached", "running", "attached"],
      retired: ["retired", "retired", "retired"],
    });
  });

  it("STA-20 each of the runs of a retired session returns to retired, until nothing is left", async () => {
    const stage = await openStage();
    await stage.bind();
    const sent = [];
    for (const text of ["a", "b", "c"]) sent.push(await send(stage.sender, stage.ref, text));
    await stage.sender.runtime.retire(stage.ref);
    const host = holding();
    await stage.worker("worker", host.executor);
    await stage.world.advance(2_000);

    for (const at of [1, 2, 3]) {
      expect(host.turns.map(({ turn }) => textsOf(turn).join())).toEqual(["a", "b", "c"].slice(0, at));
      host.last().answer({ kind: "completed", output: at });
      await stage.world.advance(2_000);
      expect(await stage.sender.runtime.runtimeState(stage.ref)).toBe("retired");
    }

    expect(await Promise.all(sent.map(({ completion }) => completion))).toMatchObject(
      [1, 2, 3].map((output) => ({ output })),
    );
    expect(await stage.sender.runtime.listActiveInputs(stage.ref)).toEqual([]);
  });

  it("STA-05 while a run is in progress no other begins: not of another worker, and not of a caller", async () => {
    const stage = await openStage();
    await stage.bind();
    const [host, other] = [holding(), holding()];
    await stage.worker("worker", host.executor);
    const { completion } = await send(stage.sender, stage.ref);
    await stage.world.advance(1_000);
    const { runId } = host.last().turn;
    const second = await stage.worker("second", other.executor);
    await send(stage.sender, stage.ref);

    void second.worker?.run(stage.ref);
    const direct = await rejection(
      stage.sender.runtime.acceptInputAndRun(stage.ref, { kind: "prompt", text: "mine" }, () => {
        throw new Error("has begun");
      }),
    );
    await stage.world.advance(5_000);

    expect(direct).toMatchObject({ code: "session.not_accepting", details: { state: "running", runId } });
    expect([host.turns.length, other.turns.length]).toEqual([1, 0]);
    expect(await stage.sender.runtime.explain(stage.ref)).toMatchObject({ waitsFor: { kind: "run", runId } });
    host.last().answer({ kind: "completed", output: "first" });
    await stage.world.advance(1_000);
    expect(await completion).toMatchObject({ output: "first", runId });
  });

  it("STA-07 LIF-02 LAN-10 a boundary of a run that is not the current one is refused, and changes nothing", async () => {
    const { stage, late, host, inputId, asleep } = await overtaken(openStage);
    const { runId } = host.last().turn;
    expect(late.turn.runId).not.toBe(runId);
    const before = await standing(stage);
    expect(before.inputs).toMatchObject([{ status: "staged", runId }, { status: "queued" }]);

    late.answer({ kind: "completed", state: "of another run", output: "another" });
    await stage.world.advance(2_000);

    const refused = { phrase: "settlement refused", fields: { runId: late.turn.runId } };
    expect(asleep.reports.at(-1)).toMatchObject(refused);
    expect(await standing(stage)).toEqual(before);
    expect(await stage.sender.runtime.runtimeState(stage.ref)).toBe("running");
    expect(host.last().turn.signal.aborted).toBe(false);
    host.last().answer({ kind: "completed", state: "of its own", output: "own" });
    await stage.world.advance(1_000);
    expect(await stage.sender.runtime.waitForOutcome(stage.ref, { inputId })).toMatchObject({ runId, output: "own" });
    expect(await stage.sender.runtime.sessionState(stage.ref)).toEqual({ state: "of its own", position: 1 });
  });

  it("STA-07 an interrupt that names another run is refused with the one that is current", async () => {
    const stage = await openStage();
    await begin(stage);
    const currentRunId = (await stage.sender.runtime.listInputs(stage.ref, { after: 0, limit: 1 })).items[0]?.runId;

    const error = await rejection(
      stage.sender.runtime.interruptCurrentRun(stage.ref, {
        requestId: "r" as RequestId,
        runId: "run_of_another" as RunId,
      }),
    );

    expect(error).toMatchObject({ code: "run.not_current", details: { currentRunId } });
    expect(await stage.sender.runtime.runtimeState(stage.ref)).toBe("running");
  });
}

function describeVerbs(openStage: OpenStage): void {
  it("STA-16 whatever a session is doing it can be destroyed, and nothing brings it back", async () => {
    for (const way of Object.keys(WAYS) as Way[]) {
      const stage = await openStage();
      const { runtime } = stage.sender;
      await WAYS[way](stage);
      const inputs = way === "destroyed" ? [] : (await runtime.listInputs(stage.ref, { after: 0, limit: 10 })).items;
      const active = inputs.filter(({ outcome }) => outcome === null);

      const report = await runtime.destroy(stage.ref);
      const again = await runtime.destroy(stage.ref);

      expect([way, report.phaseAfter, report.inputsAbandoned]).toEqual([way, "destroyed", active.length]);
      expect(again).toMatchObject({ phaseBefore: "destroyed", phaseAfter: "destroyed", inputsAbandoned: 0 });
      expect(await runtime.runtimeState(stage.ref)).toBe("destroyed");
      expect(await runtime.containsSession(stage.ref)).toBe(false);
      for (const call of [() => stage.register(), () => stage.bind(), () => runtime.recycle(stage.ref)]) {
        expect([way, await rejection(call())]).toMatchObject([way, { code: "session.destroyed" }]);
      }
    }
  });

  it("STA-18 a recycle leads an idle, an attached and a retired session to idle, with its executor and its inputs", async () => {
    for (const [way, phaseBefore, state] of [
      ["idle", "idle", "idle"],
      ["attached", "idle", "attached"],
      ["retired", "retired", "attached"],
      ["left by a dead worker", "idle", "attached"],
    ] as const) {
      const stage = await openStage();
      await WAYS[way](stage);

      const report = await stage.sender.runtime.recycle(stage.ref);

      expect([way, report]).toMatchObject([way, { phaseBefore, phaseAfter: "idle", inputsTransferred: 1 }]);
      expect(await stage.sender.runtime.runtimeState(stage.ref)).toBe(state);
      expect(await stage.sender.runtime.acceptInput(stage.ref, { kind: "prompt", text: "next" })).toMatchObject({
        kind: "accepted",
      });
    }
    for (const way of ["running", "retired during a run"] as const) {
      const stage = await openStage();
      await WAYS[way](stage);
      expect(await rejection(stage.sender.runtime.recycle(stage.ref))).toMatchObject({ code: "control.refused" });
    }
  });

  it.each(Object.keys(WAYS) as Way[])(
    "STA-19 what is called legal is what succeeds, and asking changes nothing: %s",
    async (way) => {
      const probed = await openStage();
      await WAYS[way](probed);
      const before = await standing(probed);
      const asked = (await probed.sender.runtime.findSession(probed.ref))?.legalVerbs;
      const explained = (await probed.sender.runtime.explain(probed.ref)).legalVerbs;

      const dry = [];
      for (const verb of VERBS) if (await succeeds(probed, verb, true)) dry.push(verb);
      expect(await standing(probed)).toEqual(before);
      const real = [];
      for (const verb of VERBS) {
        const stage = await openStage();
        await WAYS[way](stage);
        if (await succeeds(stage, verb, false)) real.push(verb);
      }

      expect({ asked, explained, dry }).toEqual({ asked: real, explained: real, dry: real });
    },
  );

  it.each(["idle", "attached", "running", "retired", "left by a dead worker"] as const)(
    "STA-21 an announcement of a tool moves no phase: %s",
    async (way) => {
      const stage = await openStage();
      await WAYS[way](stage);
      const before = await phaseOf(stage);
      const delta = { kind: "operation", operationId: "tool", event: { type: "progress" } } as const;

      const told = await stage.sender.runtime.ingest(stage.ref, delta).then(
        ({ kind }) => kind,
        (error: { readonly code: string }) => error.code,
      );
      await stage.world.advance(1_000);

      expect(told).toBe(way === "retired" ? "session.not_accepting" : "accepted");
      expect(await phaseOf(stage)).toEqual(before);
    },
  );
}

/** A session with a run that waits for the test. */
async function begin(stage: Stage) {
  await stage.bind();
  const worker = await stage.worker("worker", holding().executor);
  await send(stage.sender, stage.ref);
  await stage.world.advance(1_000);
  return worker;
}

/** The result of a worker that slept while its batch was taken apart: the inputs are in runs of their own. */
async function overtaken(openStage: OpenStage) {
  const stage = await openStage();
  const sleeper = holding();
  const asleep = await stage.worker("asleep", { ...sleeper.executor, maxBatch: 2 });
  await stage.register();
  const { inputId } = await send(stage.sender, stage.ref, "a");
  await send(stage.sender, stage.ref, "b");
  await stage.bind();
  await stage.world.advance(2_000);
  const late = sleeper.last();
  expect(textsOf(late.turn)).toEqual(["a", "b"]);
  asleep.freeze();

  const host = holding();
  await stage.worker("host", { ...host.executor, maxBatch: 2 });
  await stage.world.advance(15_000);
  host.last().answer(failure());
  await stage.world.advance(5_000);
  expect(textsOf(host.last().turn)).toEqual(["a"]);
  asleep.thaw();
  await stage.world.advance(100);
  return { stage, late, host, inputId, asleep };
}

async function succeeds({ sender: { runtime }, ref }: Stage, verb: ControlVerb, dryRun: boolean): Promise<boolean> {
  const requestId = `${verb} ${dryRun}` as RequestId;
  const call =
    verb === "interrupt"
      ? runtime.interruptCurrentRun(ref, { requestId, dryRun })
      : runtime.control(ref, { verb, requestId, dryRun });
  return call.then(
    () => true,
    () => false,
  );
}

/** All that a reader can see of a session. */
async function standing({ sender: { runtime }, ref }: Stage) {
  const session = await runtime.findSession(ref);
  if (session?.phase === "destroyed") return { session };
  return {
    session,
    state: await runtime.sessionState(ref),
    inputs: (await runtime.listInputs(ref, { after: 0, limit: 100 })).items,
    receipts: (await runtime.listReceipts(ref, { after: 0, limit: 100 })).items,
    events: (await runtime.listEvents(ref, { after: 0, limit: 100 })).items,
  };
}

async function phaseOf({ sender, ref }: Stage) {
  const view = await sender.runtime.findSession(ref);
  return [view?.phase, view?.state, view?.generation, view?.binding];
}
