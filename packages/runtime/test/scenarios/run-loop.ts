/** How runs follow one another: retries, order, wakes, and control between them. */
import type { Binding, ExecutorResult, NewInput, RequestId } from "@holdfast/contracts";
import { event, prompt } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import type { Turn } from "../../src/index.ts";
import { failure } from "../support/bound-session.ts";
import { answeringBehind, Door, withLedger } from "../support/calls.ts";
import { executor, holding, textsOf } from "../support/executors.ts";
import { send } from "../support/send.ts";
import { begin } from "./operations.ts";
import type { OpenStage, Stage } from "./stage.ts";

const ALL = { after: 0, limit: 100 };
const DONE: ExecutorResult = { kind: "completed" };
const MODES = ["defer", "hold"] as const;
const requestId = (name: string) => `req ${name}` as RequestId;
const steer = (text: string): NewInput => ({ ...prompt(text), turnMetadata: { handlingMode: "steer" } }) as NewInput;

/** A bound session whose worker notes the turns it is given. */
export async function attended(
  openStage: OpenStage,
  apply: (turn: Turn) => unknown,
  { onFailure = "defer", maxBatch = 1 }: { onFailure?: Binding["onFailure"]; maxBatch?: number } = {},
) {
  const stage = await openStage();
  await stage.bind(onFailure);
  const turns: string[] = [];
  const host = executor(
    (turn) => {
      turns.push(textsOf(turn).join("+"));
      return apply(turn);
    },
    { maxBatch },
  );
  return { stage, turns, host, work: (name = "worker") => stage.worker(name, host) };
}

const failsFirst = (turn: Turn): ExecutorResult => (turn.attempt === 1 ? failure() : DONE);
const failsOn = (text: string) => (turn: Turn) => (textsOf(turn).includes(text) ? failure() : DONE);

/** From here on only what the store holds says that a session has work, or that its run must end. */
function silence({ world }: Stage): void {
  world.wakes.setDrop(() => true);
  world.notices.setDrop((_node, { type }) => type !== "input.settled");
}

/** An input as any process sees it. */
export const stateOf = ({ sender, ref }: Stage, { inputId }: Pick<Awaited<ReturnType<typeof send>>, "inputId">) =>
  sender.runtime.inputState(ref, { inputId });

/** Proves the scenarios of the run loop on a store. */
export function describeRunLoop(openStage: OpenStage): void {
  describe("a failed run", () => {
    describeFailures(openStage);
    describeBacklogs(openStage);
  });
  describe("what is ready", () => {
    describeReady(openStage);
    describeSuccessors(openStage);
    describeControl(openStage);
  });
}

function describeFailures(openStage: OpenStage): void {
  it.each(MODES)("RUN-03 an input whose run fails once is tried again and consumed (%s)", async (onFailure) => {
    const seen: unknown[] = [];
    const { stage, turns, work } = await attended(
      openStage,
      async (turn) => {
        const { items } = await stage.sender.runtime.listInputs(stage.ref, ALL);
        seen.push(items.map(({ status, attempts, failures }) => [status, attempts, failures]));
        return failsFirst(turn);
      },
      { onFailure },
    );
    await work();

    const sent = await send(stage.sender, stage.ref, "one");
    await stage.world.advance(100);

    expect(turns).toEqual(["one", "one"]);
    expect(seen).toEqual([[["staged", 1, 0]], [["staged", 2, 1]]]);
    expect(await stateOf(stage, sent)).toMatchObject({ status: "consumed", attempts: 2, failures: 1 });
    expect(await sent.completion).toMatchObject({ kind: "completed_without_result" });
    expect(await stage.sender.runtime.runtimeState(stage.ref)).toBe("attached");
  });

  it("RUN-03 one that must wait for its retry is queued again, and the session is attached meanwhile", async () => {
    const { stage, work } = await attended(openStage, () =>
      failure(new Date(stage.world.clock.now() + 9_000).toISOString()),
    );
    await work();

    const sent = await send(stage.sender, stage.ref, "one");
    await stage.world.advance(1_000);

    expect(await stateOf(stage, sent)).toMatchObject({ status: "queued", failures: 1 });
    expect(await stage.sender.runtime.runtimeState(stage.ref)).toBe("attached");
    expect((await stage.sender.runtime.listReceipts(stage.ref, ALL)).items).toEqual([]);
  });

  it.each(MODES)(
    "RUN-05 one that always fails has three attempts, then is over for all who wait (%s)",
    async (onFailure) => {
      const { stage, turns, work } = await attended(openStage, () => failure(), { onFailure });
      const worker = await work();

      const { inputId, completion } = await send(stage.sender, stage.ref, "bad");
      await stage.world.advance(60_000);
      const calls = { ...worker.calls };
      await stage.world.advance(600_000);

      expect(turns).toEqual(["bad", "bad", "bad"]);
      const abandoned = { reason: "max_attempts_exhausted", attempts: 3 };
      expect(await completion).toMatchObject({ kind: "abandoned", ...abandoned });
      expect(await stateOf(stage, { inputId })).toMatchObject({ status: "abandoned", attempts: 3 });
      // Three settlements, each of which a claim of its own may have come before.
      expect(calls.advance).toBe(3);
      expect(calls.claim).toBeLessThanOrEqual(3);
      expect(worker.calls).toMatchObject({ advance: calls.advance, claim: calls.claim });
    },
  );

  it.each([0, 20_000])(
    "RUN-06 is tried again though nothing else happens, and no wake arrives (%i ms)",
    async (delayMs) => {
      const { stage, turns, work } = await attended(openStage, (turn) => {
        silence(stage);
        const retryAt = delayMs === 0 ? undefined : new Date(stage.world.clock.now() + delayMs).toISOString();
        return turn.attempt === 1 ? failure(retryAt) : DONE;
      });
      await work();

      const { inputId } = await send(stage.sender, stage.ref, "one");
      await stage.world.advance(delayMs + 10_000);

      expect(turns).toEqual(["one", "one"]);
      expect(await stateOf(stage, { inputId })).toMatchObject({ status: "consumed" });
    },
  );

  it("RUN-09 a batch that cannot be rendered counts an attempt and goes behind; its inputs are then staged in runs of their own", async () => {
    const runs: { readonly taken: string; readonly runId: string }[] = [];
    const { stage, work } = await attended(openStage, (turn) => {
      runs.push({
        taken: turn.inputs.map((input) => (input.kind === "flow_step" ? input.stepId : input.kind)).join("+"),
        runId: turn.runId,
      });
      return { kind: "completed", output: turn.primitive.kind };
    });
    const on = (model: string): NewInput => {
      return { kind: "flow_step", stepId: model, instructions: "go", turnMetadata: { model } };
    };
    const [a, b] = [await send(stage.sender, stage.ref, on("a")), await send(stage.sender, stage.ref, on("b"))];
    await send(stage.sender, stage.ref, "healthy");
    await work();

    await stage.world.advance(20_000);

    expect(runs.map(({ taken }) => taken)).toEqual(["a+b", "prompt", "a", "b"]);
    expect(new Set(runs.map(({ runId }) => runId)).size).toBe(4);
    for (const [sent, run] of [
      [a, runs[2]],
      [b, runs[3]],
    ] as const) {
      expect(await stateOf(stage, sent)).toMatchObject({
        status: "consumed",
        attempts: 2,
        failures: 1,
        runId: run?.runId,
      });
    }
  });
}

function describeBacklogs(openStage: OpenStage): void {
  it("RUN-04 lets the next input be consumed in the same wake, and is tried again behind it", async () => {
    const { stage, turns, work } = await attended(openStage, (turn) =>
      textsOf(turn)[0] === "one" ? failsFirst(turn) : DONE,
    );
    const [one, two] = [await send(stage.sender, stage.ref, "one"), await send(stage.sender, stage.ref, "two")];

    const worker = await work();
    await stage.world.advance(10);
    expect(turns).toEqual(["one", "two"]);
    expect(worker.calls.claim).toBe(1);
    expect(await stateOf(stage, one)).toMatchObject({ status: "queued", failures: 1 });
    expect(await stateOf(stage, two)).toMatchObject({ status: "consumed" });
    await stage.world.advance(10_000);

    expect(turns).toEqual(["one", "two", "one"]);
    expect(await stateOf(stage, one)).toMatchObject({ status: "consumed" });
  });

  it("RUN-08 lets a healthy backlog, and what arrives later, be run while it spends its budget", async () => {
    const { stage, turns, work } = await attended(openStage, failsOn("bad"));
    const bad = await send(stage.sender, stage.ref, "bad");
    for (const text of ["one", "two", "three"]) await send(stage.sender, stage.ref, text);

    await work();
    await stage.world.advance(10);
    expect(turns).toEqual(["bad", "one", "two", "three"]);
    expect(await stateOf(stage, bad)).toMatchObject({ status: "queued", failures: 1 });
    await send(stage.sender, stage.ref, "four");
    await stage.world.advance(10);
    expect(turns.slice(4)).toEqual(["four"]);
    await stage.world.advance(60_000);

    expect(turns.slice(5)).toEqual(["bad", "bad"]);
    expect(await bad.completion).toMatchObject({ kind: "abandoned", reason: "max_attempts_exhausted", attempts: 3 });
  });

  it("RUN-04 RUN-08 keeps its place where its session asks for strict order, and frees it with its budget", async () => {
    const { stage, turns, work } = await attended(openStage, failsOn("bad"), { onFailure: "hold" });
    const sent = [];
    for (const text of ["bad", "one", "two"]) sent.push(await send(stage.sender, stage.ref, text));

    await work();
    await stage.world.advance(60_000);

    expect(turns).toEqual(["bad", "bad", "bad", "one", "two"]);
    const outcomes = await Promise.all(sent.map(({ completion }) => completion));
    expect(outcomes.map(({ kind }) => kind)).toEqual([
      "abandoned",
      "completed_without_result",
      "completed_without_result",
    ]);
  });
}

function describeReady(openStage: OpenStage): void {
  it("RUN-07 is drained by one wake, whatever was sent before it", async () => {
    const { stage, turns, work } = await attended(openStage, () => DONE);
    const senders = [stage.sender, await stage.process("p1"), await stage.process("p2")];
    const inputs = [prompt("one"), event("told"), prompt("two"), steer("first"), prompt("three")];
    for (const [at, input] of inputs.entries()) await send(senders[at % 3] ?? stage.sender, stage.ref, input);
    await stage.world.advance(1_000);
    expect(stage.world.wakes.waiting()).toBe(1);

    const worker = await work();
    await stage.world.advance(10);

    expect(turns).toEqual(["first", "one", "external_event", "two", "three"]);
    expect(worker.calls.claim).toBe(1);
    const { items } = await stage.sender.runtime.listInputs(stage.ref, ALL);
    expect(items.map(({ status }) => status)).toEqual(inputs.map(() => "consumed"));
  });

  it("FRM-02 from the steer lane at rest is a run of its own, at a checkpoint boundary", async () => {
    const boundaries: unknown[] = [];
    const { stage, work } = await attended(openStage, async (turn) => {
      const { primitive } = turn;
      const isStaged = primitive.kind === "staged_input";
      boundaries.push([
        textsOf(turn).join(),
        isStaged && primitive.boundary,
        isStaged && primitive.contributingInputIds,
      ]);
      return { kind: "completed", output: await stage.sender.runtime.runtimeState(stage.ref) };
    });
    const plain = await send(stage.sender, stage.ref, "plain");
    const steered = await send(stage.sender, stage.ref, steer("steered"));
    expect(await stateOf(stage, steered)).toMatchObject({ status: "queued" });

    await work();
    await stage.world.advance(100);

    expect(boundaries).toEqual([
      ["steered", "run_checkpoint", [steered.inputId]],
      ["plain", "run_start", [plain.inputId]],
    ]);
    expect(await steered.completion).toMatchObject({ kind: "completed", output: "running" });
    expect(await stateOf(stage, steered)).toMatchObject({ status: "consumed" });
    expect(await stage.sender.runtime.runtimeState(stage.ref)).toBe("attached");
    const { items } = await stage.sender.runtime.listReceipts(stage.ref, ALL);
    expect(items[0]).toMatchObject({ sequence: 1, result: "completed", contributors: [steered.inputId] });
  });
}

function describeSuccessors(openStage: OpenStage): void {
  it("RUN-13 that a run made of itself runs after it", async () => {
    const { stage, turns, work } = await attended(openStage, async (turn) => {
      silence(stage);
      if (textsOf(turn)[0] === "one") await stage.sender.runtime.acceptInput(stage.ref, prompt("two"));
      return DONE;
    });
    await work();

    await send(stage.sender, stage.ref, "one");
    await stage.world.advance(10);

    expect(turns).toEqual(["one", "two"]);
  });

  it("RUN-13 that arrives while the commit of a run is not heard yet runs after it, though no wake is carried (O2)", async () => {
    const stage = await openStage();
    await stage.bind();
    const door = new Door();
    const wrap = answeringBehind(door, "advance");
    const host = holding();
    const both = await stage.worker("both", host.executor, { wrap });
    await send(both, stage.ref, "one");
    await stage.world.advance(100);
    silence(stage);
    door.close();

    host.last().answer();
    await stage.world.settle();
    await send(both, stage.ref, "two");
    await stage.world.settle();
    expect(host.turns).toHaveLength(1);
    door.open();
    await stage.world.settle();

    expect(host.turns.map(({ turn }) => textsOf(turn))).toEqual([["one"], ["two"]]);
  });

  it("RUN-13 that a run is owed by what it left in the background runs after it, though no wake is carried", async () => {
    const { stage, turns, work } = await attended(openStage, async (turn) => {
      silence(stage);
      if (textsOf(turn)[0] === "one") await ops.completeOperation(operation, "result");
      return DONE;
    });
    const { ops } = await stage.sender.runtime.prepareBindings(stage.ref);
    const operation = await begin(ops, "tool");
    await work();

    await send(stage.sender, stage.ref, "one");
    await stage.world.advance(10_000);

    expect(turns).toEqual(["one", "continuation"]);
  });
}

function describeControl(openStage: OpenStage): void {
  it("CTL-13 comes after a stop that is ready with it: nothing more is begun", async () => {
    const stage = await openStage();
    await stage.bind();
    const door = new Door();
    const wrap = withLedger((ledger) => ({
      advance: async (command) => {
        await door.pass();
        return ledger.advance(command);
      },
    }));
    const host = holding();
    await stage.worker("worker", host.executor, { wrap });
    await send(stage.sender, stage.ref, "one");
    await stage.world.advance(100);
    silence(stage);
    door.close();
    host.last().answer();
    const [queued, steered] = [
      await send(stage.sender, stage.ref, "queued"),
      await send(stage.sender, stage.ref, steer("steered")),
    ];

    await stage.sender.runtime.stopRuntimeExecutor(stage.ref);
    door.open();
    await stage.world.advance(20_000);

    expect(host.turns).toHaveLength(1);
    for (const { completion } of [queued, steered]) {
      expect(await completion).toMatchObject({ kind: "abandoned", reason: "stopped", attempts: 0 });
    }
  });

  it.each(["now", "boundary"] as const)(
    "CTL-13 is not drawn into a run that is asked to end %s: it runs next",
    async (at) => {
      const door = new Door();
      const drawn: unknown[] = [];
      const { stage, turns, work } = await attended(openStage, async (turn) => {
        if (textsOf(turn)[0] !== "one") return DONE;
        await door.pass();
        drawn.push(await turn.inbox({ checkpoint: {} }));
        turn.signal.throwIfAborted();
        return DONE;
      });
      door.close();
      await work();
      const one = await send(stage.sender, stage.ref, "one");
      await stage.world.advance(100);
      silence(stage);
      const steered = await send(stage.sender, stage.ref, steer("steered"));
      await stage.sender.runtime.interruptCurrentRun(stage.ref, { requestId: requestId("end"), at });

      door.open();
      await stage.world.advance(10_000);

      expect(drawn).toEqual([[]]);
      expect(turns).toEqual(["one", "steered"]);
      expect(await one.completion).toMatchObject({ kind: "cancelled" });
      expect(await steered.completion).toMatchObject({ kind: "completed_without_result" });
      expect(await stateOf(stage, steered)).toMatchObject({ status: "consumed", attempts: 1 });
    },
  );
}
