/** In which order inputs wait, and what a run takes of them. */
import type { InputId, NewInput, RequestId, RunId } from "@holdfast/contracts";
import { driveSession, event, progress, prompt } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import type { Executor } from "../../src/index.ts";
import { failure } from "../support/bound-session.ts";
import { executor, holding } from "../support/executors.ts";
import { rejection } from "../support/rejection.ts";
import type { OpenStage, Stage } from "./stage.ts";

const ALL = { after: 0, limit: 200 };

const steered = (eventType: string): NewInput => event(eventType, { lane: "steer" });

/** Names an input by what its sender said. */
function nameOf(input: { readonly kind: string; readonly text?: string; readonly eventType?: string }): string {
  return input.text ?? input.eventType ?? input.kind;
}

/** An executor that notes what each of its turns is given, and answers. */
function noting(answer: () => unknown = () => ({ kind: "completed" })): { executor: Executor; batches: string[] } {
  const batches: string[] = [];
  const noted = executor(({ inputs }) => {
    batches.push(inputs.map(nameOf).join());
    return answer();
  });
  return { executor: noted, batches };
}

async function bound(openStage: OpenStage, onFailure?: "hold" | "defer"): Promise<Stage> {
  const stage = await openStage();
  await stage.bind(onFailure);
  return stage;
}

async function sendAll({ sender, ref }: Stage, inputs: readonly NewInput[]): Promise<void> {
  for (const input of inputs) await sender.runtime.acceptInput(ref, input);
}

/** Every input, by name, with where it stands. */
async function standings({ sender, ref }: Stage): Promise<string[]> {
  const { items } = await sender.runtime.listInputs(ref, ALL);
  return items.map(({ input, status }) => `${nameOf(input)}:${status}`);
}

/** Proves the scenarios of lanes on a store. */
export function describeLanes(openStage: OpenStage): void {
  describe("intake", () => {
    describeIntake(openStage);
  });
  describe("staging", () => {
    describeStaging(openStage);
  });
  describe("return", () => {
    describeReturn(openStage);
  });
  describe("order", () => {
    describeOrder(openStage);
  });
}

function describeIntake(openStage: OpenStage): void {
  it("LAN-01 an input is queued once, however often its id is sent", async () => {
    const stage = await bound(openStage);
    const sent = { ...prompt("one"), id: "inp_once00000001" as InputId } as NewInput;

    const answers = [];
    for (let time = 0; time < 2; time += 1) answers.push(await stage.sender.runtime.acceptInput(stage.ref, sent));

    expect(answers.map(({ kind }) => kind)).toEqual(["accepted", "deduplicated"]);
    expect(await stage.sender.runtime.findSession(stage.ref)).toMatchObject({ queued: 1, admitted: 1 });
  });

  it("LAN-02 a retired session admits nothing, and runs what it has to its end", async () => {
    const stage = await bound(openStage);
    const { executor: host, batches } = noting();
    await sendAll(stage, [prompt("one"), prompt("two")]);
    await stage.sender.runtime.control(stage.ref, { verb: "retire", requestId: "req_retire00001" as RequestId });

    const refused = await rejection(stage.sender.runtime.acceptInput(stage.ref, prompt("three")));
    await stage.worker("worker", host);
    await stage.world.advance(5_000);

    expect(refused).toMatchObject({ code: "session.not_accepting", details: { phase: "retired" } });
    expect(batches).toEqual(["one", "two"]);
    expect(await standings(stage)).toEqual(["one:consumed", "two:consumed"]);
  });

  it("LAN-03 a destroyed session refuses every input", async () => {
    const stage = await bound(openStage);
    const { sender, ref } = stage;
    await sendAll(stage, [{ ...prompt("one"), idempotencyKey: "one" } as NewInput]);
    await sender.runtime.control(ref, { verb: "destroy", requestId: "req_destroy0001" as RequestId });

    for (const input of [prompt("two"), { ...prompt("one"), idempotencyKey: "one" } as NewInput, steered("three")]) {
      expect(await rejection(sender.runtime.acceptInput(ref, input))).toMatchObject({ code: "session.destroyed" });
    }
  });
}

function describeStaging(openStage: OpenStage): void {
  it("LAN-04 with both lanes filled a run takes the front of the steer lane, and no other list of inputs", async () => {
    const stage = await bound(openStage);
    const { world, ref } = stage;
    await sendAll(stage, [prompt("later"), steered("first"), steered("second")]);
    const session = driveSession(world.store, ref);

    const batch = await session.stage();

    const [later] = await session.inputs();
    expect(batch.inputs.map(({ admission }) => admission)).toEqual([2, 3]);
    const claimed = { ...batch, inputs: [{ ...batch.inputs[0], inputId: later?.inputId }] } as typeof batch;
    expect(await session.advance(claimed)).toMatchObject({ kind: "conflict" });
    const reversed = { ...batch, inputs: batch.inputs.toReversed() };
    expect(await session.advance(reversed)).toMatchObject({ kind: "conflict" });
    expect(await standings(stage)).toEqual(["later:queued", "first:staged", "second:staged"]);
    expect(await session.advance(batch)).toMatchObject({ kind: "committed" });
  });

  it("LAN-08 what is staged stands in no lane, and the lanes hold exactly what is queued", async () => {
    const stage = await bound(openStage);
    const { sender, ref, world } = stage;
    const host = holding();
    await stage.worker("worker", host.executor);
    await sendAll(stage, [prompt("one")]);
    await world.settle();
    await sendAll(stage, [prompt("two"), steered("three")]);

    expect(await standings(stage)).toEqual(["one:staged", "two:queued", "three:queued"]);
    expect(await sender.runtime.findSession(ref)).toMatchObject({ queued: 2, state: "running" });
    host.last().answer();
    await world.settle();
    expect(await standings(stage)).toEqual(["one:consumed", "two:queued", "three:staged"]);
    expect(await sender.runtime.findSession(ref)).toMatchObject({ queued: 1 });
  });

  it("LAN-10 LIF-02 a boundary that names another run is refused and changes nothing", async () => {
    const stage = await bound(openStage);
    await sendAll(stage, [prompt("one")]);
    const session = driveSession(stage.world.store, stage.ref);
    const batch = await session.stage();
    const before = [await session.inputs(), await stage.sender.runtime.findSession(stage.ref)];

    const runId = "run_another00001" as RunId;
    const reply = await session.advance({ ...batch, fence: { ...batch.fence, runId } });

    expect(reply).toEqual({ kind: "fenced" });
    expect([await session.inputs(), await stage.sender.runtime.findSession(stage.ref)]).toEqual(before);
    expect(await session.advance(batch)).toMatchObject({ kind: "committed" });
  });
}

function describeReturn(openStage: OpenStage): void {
  it("LAN-06 a failed run's inputs return to the front of their lane, and are run without a further wake", async () => {
    const stage = await bound(openStage, "hold");
    const host = holding();
    await stage.worker("worker", host.executor);
    await sendAll(stage, [steered("one"), prompt("two")]);
    await stage.world.settle();
    await sendAll(stage, [steered("three")]);

    host.last().answer(failure());
    await stage.world.advance(5_000);

    expect(host.turns.map(({ turn }) => turn.inputs.map(nameOf).join())).toEqual(["one", "one"]);
    expect(host.last().turn.attempt).toBe(2);
  });

  it("LAN-06 an interrupted run's inputs end with it, and what waited behind them is run", async () => {
    const stage = await bound(openStage);
    const host = holding({ heedsSignal: true });
    await stage.worker("worker", host.executor);
    await sendAll(stage, [prompt("one"), prompt("two")]);
    await stage.world.settle();

    await stage.sender.runtime.interruptCurrentRun(stage.ref, { requestId: "req_cancel00001" as RequestId });
    await stage.world.advance(5_000);

    expect(host.turns.map(({ turn }) => turn.inputs.map(nameOf).join())).toEqual(["one", "two"]);
    expect(await standings(stage)).toEqual(["one:abandoned", "two:staged"]);
  });

  it("LAN-07 a lost batch of three returns in its order, ahead of the backlog", async () => {
    const stage = await bound(openStage);
    const first = await stage.worker("first", holding().executor);
    await stage.world.settle();
    await sendAll(
      stage,
      ["a", "b", "c"].map((name) => event(name)),
    );
    // Not before all three wait: a batch is what a claim finds.
    await stage.world.settle();
    await sendAll(stage, [event("d"), prompt("e")]);
    const { executor: host, batches } = noting();
    first.kill();

    await stage.worker("second", host);
    await stage.world.advance(20_000);

    expect(batches.join()).toBe("a,b,c,d,e");
  });
}

function describeOrder(openStage: OpenStage): void {
  it("LAN-11 an input put to the front leaves first, one that is taken out leaves the others in order", async () => {
    const stage = await bound(openStage);
    const session = driveSession(stage.world.store, stage.ref);
    const [a, b, c] = [
      await session.accept({ input: progress("a") }),
      await session.accept({ input: progress("b") }),
      await session.accept({ input: progress("c") }),
    ];

    await session.accept({
      input: { ...progress("front"), supersessionKey: undefined } as NewInput,
      queue: "priority",
    });
    // Takes `b` out; a second one of a scope whose last input has ended finds nothing to take out.
    const successor = await session.accept({ input: progress("b") });
    await session.accept({ input: prompt("wakes") });

    const taken: number[] = [];
    for (let batch = await session.stage(); ; batch = await session.stageNext(batch)) {
      taken.push(...batch.inputs.map(({ admission }) => admission));
      if (taken.includes(6)) {
        await session.commit(batch);
        break;
      }
    }
    expect(taken).toEqual([4, a.admission, c.admission, successor.admission, 6]);
    expect(await session.input(b.inputId)).toMatchObject({ status: "coalesced" });
    expect(await session.admit({ input: progress("b") })).toMatchObject({ kind: "accepted", displaced: [] });
  });

  it("LAN-12 inputs that arrive together are run in the order of their admission, also after a restart", async () => {
    const stage = await bound(openStage);
    const senders = await Promise.all(["s1", "s2", "s3"].map((name) => stage.process(name)));
    const texts = Array.from({ length: 18 }, (_, index) => `n${index}`);
    const answers = await Promise.all(
      texts.map((text, index) => {
        const { runtime } = senders[index % 3] ?? stage.sender;
        return runtime.acceptInput(stage.ref, prompt(text));
      }),
    );
    const admitted = new Map(answers.map((answer, index) => [admissionOf(answer), texts[index]]));
    const order = [...admitted.keys()].sort((one, other) => one - other).map((admission) => admitted.get(admission));
    const turns: string[] = [];
    const limited = (most: number): Executor =>
      executor(({ inputs }) => {
        if (turns.length >= most) return new Promise(() => {});
        turns.push(inputs.map(nameOf).join());
        return { kind: "completed" };
      });

    const first = await stage.worker("first", limited(7));
    await stage.world.settle();
    first.kill();
    await stage.worker("second", limited(100));
    await stage.world.advance(30_000);

    expect([...admitted.keys()].sort((one, other) => one - other)).toEqual(texts.map((_, index) => index + 1));
    expect(turns).toEqual(order);
  });
}

function admissionOf(answer: unknown): number {
  return (answer as { readonly admission: number }).admission;
}
