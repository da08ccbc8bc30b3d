import { createIds } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import { rejection } from "../support/rejection.ts";
import { keyed } from "../support/send.ts";
import { type Cast, type OpenCrashPointStore, openScene, type Scene } from "./scene.ts";

const COMPLETED = "completed_without_result";
const FENCED = { kind: "fenced" };
const STAGED = { inputs: ["staged"], run: { attempt: 1, leaseMs: 10_000 }, dueMs: 11_000, position: 0 };
const JUMP_MS = 60_000;

/** Crash points 21, 25 and 26: a store that loses its latest writes, its clock, or half of a script. */
export function describeStoreFaults(openStore: OpenCrashPointStore): void {
  describe("a store that comes back without its latest writes", () => {
    describeLostWrites(openStore);
  });
  describe("a store whose clock jumps", () => {
    describeJumps(openStore);
  });
  describe("a session that a script tore", () => {
    describeTorn(openStore);
  });
}

function describeLostWrites(openStore: OpenCrashPointStore): void {
  it("repeats the turn of a lost commit, and takes again what clients repeat (crash point 21)", async () => {
    const scene = await openScene(openStore);
    const worker = await withTurn(scene);
    const restore = await scene.store.snapshot();
    worker.door.open();
    await scene.world.settle();
    await scene.send("two");
    await scene.world.settle();
    expect(await scene.standing()).toMatchObject({ inputs: ["consumed", "consumed"], position: 2 });

    await restore();

    expect(await scene.standing()).toEqual(STAGED);
    // The key is free again: the answer that was given for it is among what was lost.
    await scene.send("two");
    expect(await scene.turnsWithin(scene.deadHolderMs)).toEqual(["a:one#2", "a:two#1"]);
    await scene.expectWhole({ one: COMPLETED, two: COMPLETED });
  });

  it("refuses a holder of what is lost, although its token was handed out again (crash point 21)", async () => {
    const scene = await openScene(openStore);
    const restore = await scene.store.snapshot();
    const lost = await withTurn(scene);
    const successor = await scene.worker("b");
    successor.door.close();

    await restore();
    await scene.send("one");
    void successor.worker?.run(scene.ref);
    await scene.world.settle();
    lost.door.open();
    await scene.world.settle();

    const [first, second] = scene.turns;
    expect(scene.turns.map(({ by }) => by)).toEqual(["a", "b"]);
    expect(second?.turn.fence.token).toBe(first?.turn.fence.token);
    expect(lost.tape.advances).toMatchObject([{ command: { settlement: { kind: "completed" } }, reply: FENCED }]);
    successor.door.open();
    await scene.world.settle();
    await scene.expectWhole({ one: COMPLETED });
  });
}

function describeJumps(openStore: OpenCrashPointStore): void {
  it("forward ends a lease early: one turn more, and the earlier one is fenced (crash point 25)", async () => {
    const scene = await openScene(openStore);
    const early = await withTurn(scene);
    const successor = await scene.worker("b");

    await scene.store.jumpClock(JUMP_MS);
    await successor.worker?.run(scene.ref);
    early.door.open();
    await scene.world.settle();

    expect(scene.turns.map(({ by, attempt }) => `${by}#${attempt}`)).toEqual(["a#1", "b#2"]);
    expect(early.tape.advances).toMatchObject([{ reply: FENCED }]);
    await scene.expectWhole({ one: COMPLETED });
  });

  it("backward changes nothing for a holder that lives: its next renewal says when the lease ends (crash point 25)", async () => {
    const scene = await openScene(openStore);
    const holder = await withTurn(scene);
    await scene.worker("b");

    await scene.store.jumpClock(-JUMP_MS);
    expect((await scene.standing()).run?.leaseMs).toBe(10_000 + JUMP_MS);
    await scene.world.advance(2 * scene.world.timing.renewMs);
    const { run, dueMs } = await scene.standing();
    holder.door.open();
    await scene.world.settle();

    expect(run?.leaseMs).toBeLessThanOrEqual(10_000);
    expect(dueMs).toBeLessThanOrEqual(11_000);
    expect(scene.turns).toHaveLength(1);
    await scene.expectWhole({ one: COMPLETED });
  });

  it("backward makes no lease longer than two: a dead holder does not keep the next wake away (crash point 25)", async () => {
    const scene = await openScene(openStore);
    const dead = await withTurn(scene);
    await scene.worker("b");
    dead.kill();

    await scene.store.jumpClock(-JUMP_MS);
    await scene.send("two");

    expect(await scene.turnsWithin(scene.lostWakeMs)).toEqual(["b:one#2", "b:two#1"]);
    await scene.expectWhole({ one: COMPLETED, two: COMPLETED });
  });
}

function describeTorn(openStore: OpenCrashPointStore): void {
  it("is quarantined: every write is refused and writes nothing, and explain says so (crash point 26)", async () => {
    const scene = await openScene(openStore);
    const holder = await withTurn(scene);
    const other = await scene.worker("b");
    const { runtime } = scene.sender;
    await scene.store.tear(scene.ref);
    const image = await scene.store.image(scene.ref);

    const requestId = createIds().request();
    const refused = [
      await rejection(runtime.acceptInput(scene.ref, keyed("two"))),
      await rejection(runtime.acceptInput(scene.ref, keyed("one", "one"))),
      await rejection(runtime.control(scene.ref, { verb: "stop", requestId })),
      await rejection(runtime.interruptCurrentRun(scene.ref, { requestId })),
      await rejection(runtime.registerSession(scene.ref)),
    ];
    await other.worker?.run(scene.ref);
    holder.door.open();
    await scene.world.settle();

    expect(refused.map((error) => (error as { code?: string }).code)).toEqual(Array(5).fill("session.torn"));
    expect(other.tape.claims).toMatchObject([{ reply: { kind: "torn" } }]);
    expect(other.reports).toMatchObject([{ level: "error", phrase: "session torn", fields: { ref: scene.ref } }]);
    expect(holder.tape.advances).toMatchObject([{ reply: { kind: "torn" } }]);
    expect(await runtime.explain(scene.ref)).toMatchObject({ waitsFor: { kind: "repair" }, legalVerbs: [] });
    expect(await scene.store.image(scene.ref)).toEqual(image);
    expect(await scene.turnsWithin(scene.deadHolderMs)).toEqual([]);
  });
}

/** A worker that is in the middle of a turn. */
async function withTurn(scene: Scene): Promise<Cast> {
  const worker = await scene.worker("a");
  worker.door.close();
  await scene.send("one");
  await scene.world.settle();
  return worker;
}
