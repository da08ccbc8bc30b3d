import { AppError, type Outcome, type SessionRef } from "@holdfast/contracts";
import { binding, sessionRef } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import { answeringBehind, Door, losingFirst, taping, withLedger } from "./support/calls.ts";
import { executor, holding, recording, textsOf } from "./support/executors.ts";
import { keyed, send } from "./support/send.ts";
import { createWorld, type ProcessOptions, type World } from "./support/world.ts";

const ref = sessionRef("chat/42");

/** A world with a sender and a bound session. */
async function withSender(world: World = createWorld(), session: SessionRef = ref) {
  const sender = await world.start("sender");
  await sender.runtime.ensureSessionWithExecutor(session, binding());
  return { world, sender };
}

function unavailable(): never {
  throw new AppError("store.unavailable");
}

describe("a turn", () => {
  it("begins only when its batch is durably staged for this hold (H1, L3)", async () => {
    const { world, sender } = await withSender();
    const standing: unknown[] = [];
    const host = executor(async (turn) => {
      const [{ items }, facts] = [
        await world.store.archive.listInputs(ref, { after: 0, limit: 10 }),
        await world.store.archive.explainFacts(ref),
      ];
      const statuses = items.map(({ status, attempts, runId }) => ({
        status,
        attempts,
        isOfRun: runId === turn.runId,
      }));
      standing.push({ statuses, runId: facts?.run?.runId === turn.runId, attempt: facts?.run?.attempt });
      return { kind: "completed" };
    });
    await world.start("worker", { executors: [host] });

    await send(sender, ref, "one");
    await world.advance(100);

    const statuses = [{ status: "staged", attempts: 1, isOfRun: true }];
    expect(standing).toEqual([{ statuses, runId: true, attempt: 1 }]);
  });

  it("sees its inputs in order, the state, and who it is", async () => {
    const { world, sender } = await withSender();
    const host = holding();
    const worker = await world.start("worker", { executors: [host.executor] });
    await send(sender, ref, keyed("a", "one"));
    await world.advance(100);
    host.last().answer({ kind: "completed", state: { seen: 1 } });
    await send(sender, ref, "two");
    await world.settle();

    const [first, second] = host.turns.map(({ turn }) => turn);
    expect(first).toMatchObject({ ref, attempt: 1, state: null, fence: { runId: first?.runId } });
    expect(first?.inputs).toMatchObject([{ kind: "prompt", text: "one", idempotencyKey: "a" }]);
    expect(second).toMatchObject({ attempt: 1, state: { seen: 1 } });
    expect(second?.runId).not.toBe(first?.runId);
    expect(second?.fence.token).toBeGreaterThan(first?.fence.token as number);
    expect(second?.primitive).toMatchObject({ kind: "staged_input", contributingInputIds: [second?.inputs[0]?.id] });
    expect(worker.worker?.held).toBe(1);
  });

  it("gets what was committed, whatever an earlier turn did to its own copy", async () => {
    const { world, sender } = await withSender();
    const states: unknown[] = [];
    const host = executor((turn) => {
      states.push(structuredClone(turn.state));
      const state = (turn.state ?? { list: [] }) as { list: string[] };
      state.list.push("scribbled");
      return { kind: "completed", ...(turn.state === null ? { state: { list: ["kept"] } } : {}) };
    });
    await world.start("worker", { executors: [host] });

    for (const text of ["one", "two", "three"]) {
      await send(sender, ref, text);
      await world.advance(100);
    }

    expect(states).toEqual([null, { list: ["kept"] }, { list: ["kept"] }]);
  });

  it("takes prompts one by one, or as many as its executor takes (G6)", async () => {
    const batches: string[][] = [];
    const host = (maxBatch: number) =>
      executor(
        (turn) => {
          batches.push(textsOf(turn));
          return { kind: "completed" };
        },
        { maxBatch },
      );
    for (const maxBatch of [1, 10]) {
      const { world, sender } = await withSender();
      for (const text of ["one", "two", "three"]) await send(sender, ref, text);
      await world.start(`worker${maxBatch}`, { executors: [host(maxBatch)] });
      await world.advance(3_000);
    }

    expect(batches).toEqual([["one"], ["two"], ["three"], ["one", "two", "three"]]);
  });

  it("costs one script per input while the session is busy", async () => {
    const { world, sender } = await withSender();
    for (const text of ["one", "two", "three", "four"]) await send(sender, ref, text);

    const worker = await world.start("worker", { executors: [recording()] });
    await world.advance(3_000);

    expect(worker.calls).toMatchObject({ claim: 1, advance: 4 });
  });
});

describe("a settlement whose answer is lost", () => {
  it("is sent again unchanged, with nothing written in between, until it is answered (H2)", async () => {
    const { world, sender } = await withSender();
    const sent: { readonly call: string; readonly command: unknown }[] = [];
    let failures = 3;
    const wrap = withLedger((ledger) => ({
      claim: async (command) => {
        sent.push({ call: "claim", command });
        return ledger.claim(command);
      },
      advance: async (command) => {
        sent.push({ call: "advance", command: structuredClone(command) });
        if (failures > 0) {
          failures -= 1;
          unavailable();
        }
        return ledger.advance(command);
      },
    }));
    const host = holding();
    await world.start("worker", { executors: [host.executor], wrap });
    const { completion } = await send(sender, ref);
    await world.advance(100);

    host.last().answer({ kind: "completed", output: 1 });
    await world.advance(1_000);

    const advances = sent.slice(1).map(({ command }) => command);
    expect(sent.map(({ call }) => call)).toEqual(["claim", "advance", "advance", "advance", "advance"]);
    expect(advances).toEqual([advances[0], advances[0], advances[0], advances[0]]);
    expect(await completion).toMatchObject({ kind: "completed", output: 1 });
    expect(host.turns).toHaveLength(1);
  });

  it("is given up at the hold's deadline: from then on another may have the session (H2)", async () => {
    const { world, sender } = await withSender();
    let isCutOff = false;
    const cut = <T>(call: () => Promise<T>) => (isCutOff ? unavailable() : call());
    const wrap = withLedger((ledger) => ({
      claim: async (command) => cut(() => ledger.claim(command)),
      advance: async (command) => cut(() => ledger.advance(command)),
      renew: async (holds) => cut(() => ledger.renew(holds)),
      sweep: async (limit) => cut(() => ledger.sweep(limit)),
    }));
    const host = holding();
    const worker = await world.start("worker", { executors: [host.executor], wrap });
    const { completion } = await send(sender, ref);
    await world.advance(100);
    isCutOff = true;
    const other = await world.start("other", { executors: [recording()] });
    host.last().answer({ kind: "completed", output: "from the lost one" });

    await world.advance(world.timing.leaseMs - world.timing.safetyMs + 100);
    const heldAfterDeadline = worker.worker?.held;
    // The first wake goes to the one that is cut off: only the second sweep runs the session directly.
    await world.advance(world.timing.safetyMs + world.timing.graceMs + 2 * world.timing.sweepDelayMs);

    expect(heldAfterDeadline).toBe(0);
    expect(await completion).toMatchObject({ kind: "completed", output: "hello" });
    expect(other.calls.advance).toBe(1);
  });

  it("that was applied is answered with what it did then, and its next batch is run once (L5)", async () => {
    const { world, sender } = await withSender();
    const { tape, wrap } = taping();
    const losing = losingFirst("advance");
    const host = holding();
    await world.start("worker", { executors: [host.executor], wrap: (store) => losing(wrap(store)) });
    await send(sender, ref, "one");
    await send(sender, ref, "two");
    await world.advance(100);

    host.last().answer();
    await world.advance(1_000);

    const [first, repeat] = tape.advances.map(({ reply }) => reply);
    expect(first).toMatchObject({ kind: "committed", isRepeat: false, next: { kind: "staged" } });
    expect(repeat).toMatchObject({ kind: "committed", isRepeat: true });
    expect(repeat).toMatchObject({ next: (first as { next: unknown }).next });
    expect(host.turns.map(({ turn }) => textsOf(turn))).toEqual([["one"], ["two"]]);
  });
});

describe("a claim whose answer is lost", () => {
  it("is sent again under the same claim id, and what it staged is run: nothing is charged (L5)", async () => {
    const { world, sender } = await withSender();
    const { tape, wrap } = taping();
    const losing = losingFirst("claim");
    const host = holding();
    await world.start("worker", { executors: [host.executor], wrap: (store) => losing(wrap(store)) });

    const { inputId } = await send(sender, ref);
    await world.advance(1_000);

    const [first, repeat] = tape.claims;
    expect(tape.claims).toHaveLength(2);
    expect(repeat?.command).toEqual(first?.command);
    expect(first?.reply.kind).toBe("staged");
    expect(repeat?.reply).toEqual(first?.reply);
    expect(host.turns).toHaveLength(1);
    expect(await sender.runtime.inputState(ref, { inputId })).toMatchObject({ attempts: 1, losses: 0 });
  });

  it("is given up when a hold of it could have ended, and the session is found by a sweep (L6)", async () => {
    const { world, sender } = await withSender();
    let isOut = true;
    const wrap = withLedger((ledger) => ({
      claim: async (command) => (isOut ? unavailable() : ledger.claim(command)),
    }));
    const worker = await world.start("worker", { executors: [recording()], wrap });
    const { completion } = await send(sender, ref);

    await world.advance(60_000);
    isOut = false;
    await world.advance(12_000);

    expect(await completion).toMatchObject({ kind: "completed" });
    expect(worker.reports).toContainEqual(expect.objectContaining({ phrase: "hold ended by an error" }));
  });
});

it("publishes an outcome only after the store has answered that it is committed (H3)", async () => {
  const { world, sender } = await withSender();
  const door = new Door();
  const wrap = answeringBehind(door, "advance");
  const host = holding();
  await world.start("worker", { executors: [host.executor], wrap });
  const { completion } = await send(sender, ref);
  const outcomes: Outcome[] = [];
  void completion.then((outcome) => outcomes.push(outcome));
  await world.advance(100);
  door.close();

  host.last().answer({ kind: "completed", output: 1 });
  await world.advance(1_000);
  const early = [...outcomes];
  door.open();
  await world.advance(1);

  expect((await world.store.directory.find(ref))?.position).toBe(1);
  expect(early).toEqual([]);
  expect(outcomes).toMatchObject([{ kind: "completed", output: 1 }]);
});

describe("a session in a process", () => {
  it("has one hold however often it is woken (O1)", async () => {
    const { world, sender } = await withSender();
    const host = holding();
    const process = await world.start("worker", { executors: [host.executor] });
    const { worker, calls } = process;
    await send(sender, ref, "one");
    await world.advance(100);

    const runs = [1, 2, 3].map(async () => worker?.run(ref));
    worker?.offer(ref, host.executor.name);
    await world.advance(1_000);
    const during = { held: worker?.held, claims: calls.claim };
    host.last().answer();
    await Promise.all(runs);

    expect(during).toEqual({ held: 1, claims: 1 });
    expect(host.turns).toHaveLength(1);
    expect(worker?.held).toBe(0);
  });
});

it("begins no turn that it may not hold any more, however late its claim is answered (H1, K2)", async () => {
  const { world, sender } = await withSender();
  const door = new Door();
  const wrap = answeringBehind(door, "claim");
  const host = holding();
  await world.start("worker", { executors: [host.executor], wrap });
  door.close();
  const { inputId } = await send(sender, ref);
  await world.advance(world.timing.leaseMs - world.timing.safetyMs + 200);

  door.open();
  await world.settle();

  // What it had staged it handed back; then it claimed anew.
  expect(host.turns.map(({ turn }) => turn.attempt)).toEqual([2]);
  expect(await sender.runtime.inputState(ref, { inputId })).toMatchObject({ attempts: 2, losses: 0, failures: 0 });
});

describe("yielding", () => {
  const other = sessionRef("chat/43");

  /** Runs two sessions, the first of which has much more to do; answers the order of turns. */
  async function orderOf(options: ProcessOptions["loop"]): Promise<string[]> {
    const { world, sender } = await withSender();
    await sender.runtime.ensureSessionWithExecutor(other, binding());
    const order: string[] = [];
    const host = executor((turn) => {
      order.push(...textsOf(turn));
      return { kind: "completed" };
    });
    for (let n = 1; n <= 6; n += 1) await send(sender, ref, `a${n}`);
    await send(sender, other, "b1");
    await world.start("worker", { executors: [host], loop: options ?? {} });
    await world.advance(5_000);
    return order;
  }

  it("lets a session in that waits for a slot, after as many boundaries as are allowed", async () => {
    const order = await orderOf({ concurrency: 1, yieldBoundaries: 2 });

    expect(order).toEqual(["a1", "a2", "b1", "a3", "a4", "a5", "a6"]);
  });

  it("is not done while there is room for others", async () => {
    const { world, sender } = await withSender();
    for (let n = 1; n <= 6; n += 1) await send(sender, ref, `a${n}`);

    const worker = await world.start("worker", {
      executors: [recording()],
      loop: { concurrency: 2, yieldBoundaries: 2 },
    });
    await world.advance(5_000);

    expect(worker.calls).toMatchObject({ claim: 1, advance: 6 });
  });

  it("is done after a time, too", async () => {
    const { world, sender } = await withSender();
    await sender.runtime.ensureSessionWithExecutor(other, binding());
    const host = holding();
    await world.start("worker", { executors: [host.executor], loop: { concurrency: 1, yieldMs: 5_000 } });
    for (const text of ["a1", "a2"]) await send(sender, ref, text);
    await world.advance(100);
    await send(sender, other, "b1");
    await world.advance(5_000);

    host.last().answer();
    await world.advance(100);

    expect(textsOf(host.last().turn)).toEqual(["b1"]);
  });
});

it("runs as many sessions side by side as it has room for, and no more", async () => {
  const world = createWorld();
  const sender = await world.start("sender");
  const host = holding();
  const { worker } = await world.start("worker", { executors: [host.executor], loop: { concurrency: 3 } });
  for (let n = 1; n <= 5; n += 1) await send(sender, sessionRef(`chat/${n}`), "hello", { createWith: binding() });

  await world.advance(1_000);
  const [held, begun] = [worker?.held, host.turns.length];
  for (const turn of host.turns) turn.answer();
  await world.advance(1_000);

  expect([held, begun]).toEqual([3, 3]);
  expect(host.turns).toHaveLength(5);
});

it("never runs a session whose executor it does not host", async () => {
  const { world, sender } = await withSender();
  const host = executor(() => ({ kind: "completed" }), { name: "another" });
  const worker = await world.start("worker", { executors: [host] });
  await send(sender, ref);

  await worker.worker?.run(ref);
  await world.advance(1_000);

  expect(worker.calls.advance).toBe(0);
  expect(await sender.runtime.explain(ref)).toMatchObject({ waitsFor: { kind: "executor", executor: "agent" } });
});
