/** Runs that are suspended on an operation, from the outside: what they wait for, and what ends it. */
import { describe, expect, it } from "vitest";
import type { Store, Turn } from "../../src/index.ts";
import { executor, textsOf } from "../support/executors.ts";
import { send } from "../support/send.ts";
import { begin, op } from "./operations.ts";
import type { OpenStage, Stage } from "./stage.ts";

/** Proves what becomes of runs that wait for operations, whatever dies. */
export function describeAwaitingRuns(openStage: OpenStage): void {
  describe("a run that is suspended on an operation", () => {
    describeEnds(openStage);
    describeDeaths(openStage);
  });
}

/** Suspends at its first attempt on the operation that its input names, and tells what it found then. */
function awaiting(turns: string[], by: string) {
  return executor((turn: Turn) => {
    turns.push(`${by} ${turn.resumed === null ? textsOf(turn).join() : "resumed"}`);
    if (turn.resumed !== null) return { kind: "completed", output: turn.resumed.value ?? null };
    const [operationId = ""] = textsOf(turn);
    if (operationId === "continuation") return { kind: "completed" };
    return { kind: "suspended", on: { type: "operation", operationId } };
  });
}

/** A session, a worker that suspends, an operation that another process carries on. */
async function suspended(openStage: OpenStage) {
  const stage = await openStage();
  await stage.bind();
  const turns: string[] = [];
  const worker = await stage.worker("worker", awaiting(turns, "worker"));
  const owner = await stage.process("owner");
  const { ops } = await owner.runtime.prepareBindings(stage.ref);
  await begin(ops, "tool");
  const sent = await send(stage.sender, stage.ref, "tool");
  await stage.world.advance(100);
  expect(turns).toEqual(["worker tool"]);
  return { stage, turns, worker, owner, ops, completion: sent.completion, runId: await runOf(stage) };
}

async function runOf({ sender, ref }: Stage) {
  const { items } = await sender.runtime.listInputs(ref, { after: 0, limit: 1 });
  return items[0]?.runId;
}

function describeEnds(openStage: OpenStage): void {
  it("goes on with how that ended, in the process that ends it or any other, and nothing else tells of it [O18]", async () => {
    const { stage, turns, ops, completion } = await suspended(openStage);

    await ops.completeOperation(op("tool"), { found: 7 });
    await stage.world.advance(100);

    expect(await completion).toMatchObject({ output: { kind: "completed", result: { found: 7 } } });
    await stage.world.advance(60_000);
    expect(turns).toEqual(["worker tool", "worker resumed"]);
  });

  it("goes on when all operations of the session are terminated [O18]", async () => {
    const { stage, ops, completion } = await suspended(openStage);

    await ops.terminateOwner("the agent was dismissed");
    await stage.world.advance(100);

    expect(await completion).toMatchObject({ output: { kind: "terminated", reason: "the agent was dismissed" } });
  });

  it("goes on at once where the operation has ended before [O18]", async () => {
    const { stage, turns, ops } = await suspended(openStage);
    await ops.cancelOperation(await begin(ops, "over"));
    const { completion } = await send(stage.sender, stage.ref, "over");

    await stage.world.advance(100);

    expect(await completion).toMatchObject({ output: { kind: "cancelled" } });
    expect(turns.filter((text) => text === "worker resumed")).toHaveLength(1);
  });

  it("is explained with what it waits for", async () => {
    const { stage, ops, runId } = await suspended(openStage);

    const explained = await stage.sender.runtime.explain(stage.ref);

    const on = { type: "operation", operationId: "tool" };
    expect(explained.waitsFor).toEqual({ kind: "resumption", inputs: 1, runs: [{ runId, on }] });
    expect(explained.summary).toContain("operation tool");
    await ops.cancelOperation(op("tool"));
    await stage.world.advance(100);
    expect((await stage.sender.runtime.explain(stage.ref)).waitsFor).toEqual({ kind: "nothing" });
  });
}

function describeDeaths(openStage: OpenStage): void {
  it("goes on when the process of that is gone, although nobody asks for it [O18, O10]", async () => {
    const { stage, turns, owner, completion } = await suspended(openStage);
    await stage.world.advance(60_000);
    expect(turns).toEqual(["worker tool"]);
    owner.kill();

    await stage.world.advance(33_000);

    expect(await completion).toMatchObject({ output: { kind: "terminated", reason: "owner_lost" } });
    expect(turns).toEqual(["worker tool", "worker resumed"]);
  });

  it("goes on although whoever ended that died before it could tell [O18]", async () => {
    const { stage, turns, completion } = await suspended(openStage);
    const silent = (store: Store): Store => ({
      ...store,
      operations: {
        ...store.operations,
        move: async (command) => {
          await store.operations.move(command);
          return new Promise<never>(() => {});
        },
      },
    });
    const doomed = await stage.process("doomed", { wrap: silent });
    const { ops } = await doomed.runtime.prepareBindings(stage.ref);
    void ops.completeOperation(op("tool"), 1);
    await stage.world.settle();
    doomed.kill();

    await stage.world.advance(3_000);

    expect(await completion).toMatchObject({ output: { kind: "completed", result: 1 } });
    expect(turns).toEqual(["worker tool", "worker resumed"]);
  });

  it("goes on once more, with the same answer, when the worker that took it up dies [O18]", async () => {
    const { stage, turns, worker, ops, completion } = await suspended(openStage);
    worker.kill();
    const stuck = await stage.worker(
      "stuck",
      executor(() => new Promise<never>(() => {})),
    );
    await ops.completeOperation(op("tool"), 1);
    await stage.world.advance(5_000);
    stuck.kill();
    await stage.worker("second", awaiting(turns, "second"));

    await stage.world.advance(20_000);

    expect(await completion).toMatchObject({ output: { kind: "completed", result: 1 } });
    expect(turns).toEqual(["worker tool", "second resumed"]);
  });
}
