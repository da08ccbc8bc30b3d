import { type FaultPoint, strikeAt } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import { type OpenCrashPointStore, openScene, type Scene } from "./scene.ts";

const COMPLETED = "completed_without_result";
const STAGED = { inputs: ["staged"], run: { attempt: 1, leaseMs: 10_000 }, dueMs: 11_000, position: 0 };

/** Crash points 7 to 10: a claim, and the turn that it begins. */
export function describeTurns(openStore: OpenCrashPointStore): void {
  describe("a claim", () => {
    describeClaims(openStore);
  });
  describe("a turn", () => {
    describeDeaths(openStore);
    describeZombies(openStore);
  });
}

function describeClaims(openStore: OpenCrashPointStore): void {
  it("whose reply is lost is repeated under its own id and gets the same token (crash point 7)", async () => {
    const scene = await openScene(openStore);
    const { tape } = await scene.worker("a", { fault: () => strikeAt("claim.after_apply_before_reply", [1]) });
    await scene.send("one");
    await scene.world.settle();
    expect(await scene.standing()).toEqual(STAGED);

    expect(await scene.turnsWithin(100)).toEqual(["a:one#1"]);

    const [first, repeat] = tape.claims;
    expect(tape.claims).toHaveLength(2);
    expect(repeat).toEqual(first);
    expect(first?.reply.kind).toBe("staged");
    await scene.expectWhole({ one: COMPLETED });
  });

  it("whose worker dies before the reply costs a lease, and no turn is repeated (crash point 7)", async () => {
    const scene = await openScene(openStore);
    await scene.worker("a", { fault: ({ die }) => strikeAt("claim.after_apply_before_reply", [1], "hang", die) });
    await scene.worker("b");
    await scene.send("one");
    await scene.world.settle();

    expect(await scene.standing()).toEqual(STAGED);
    await expectTakenOver(scene, ["b:one#2"]);
    expect(scene.turns).toHaveLength(1);
    await scene.expectWhole({ one: COMPLETED });
  });
}

function describeDeaths(openStore: OpenCrashPointStore): void {
  it("whose worker dies in the executor is repeated when the lease ends, but for its settled steps (crash point 8)", async () => {
    const scene = await openScene(openStore);
    await scene.worker("a", {
      isJournaling: true,
      fault: ({ die }) => strikeAt("executor.mid", [1], "hang", die),
    });
    await scene.worker("b", { isJournaling: true });
    await scene.send("one");
    await scene.world.settle();

    expect(await scene.standing()).toEqual(STAGED);
    await expectTakenOver(scene, ["b:one#2"]);
    const [first, second] = scene.turns;
    expect(second?.turn.runId).toBe(first?.turn.runId);
    expect(scene.effects).toEqual([first?.turn.runId]);
    await scene.world.advance(scene.world.timing.sweepPollMs);
    await scene.expectWhole({ one: COMPLETED });
  });

  it.each<FaultPoint>(["executor.end", "advance.before_send"])(
    "whose worker dies between its end and the commit is repeated when the lease ends (%s, crash point 10)",
    async (point) => {
      const scene = await openScene(openStore);
      await scene.worker("a", { fault: ({ die }) => strikeAt(point, [1], "hang", die) });
      await scene.worker("b");
      await scene.send("one");
      await scene.world.settle();

      expect(await scene.standing()).toEqual(STAGED);
      await expectTakenOver(scene, ["b:one#2"]);
      expect(scene.turns.map(({ by }) => by)).toEqual(["a", "b"]);
      await scene.expectWhole({ one: COMPLETED });
    },
  );
}

function describeZombies(openStore: OpenCrashPointStore): void {
  it("of a worker that slept past its lease is taken over, and its late commit is fenced (crash point 9)", async () => {
    const scene = await openScene(openStore);
    const zombie = await scene.worker("a");
    zombie.door.close();
    await scene.worker("b");
    await scene.send("one");
    await scene.world.settle();

    zombie.freeze();
    await expectTakenOver(scene, ["b:one#2"]);
    const committed = { receipts: await scene.receipts(), image: await scene.store.image(scene.ref) };
    zombie.thaw();
    zombie.door.open();
    await scene.world.settle();

    const [first, second] = scene.turns;
    expect(second?.turn.fence.token).toBeGreaterThan(first?.turn.fence.token as number);
    expect(first?.turn.signal.aborted).toBe(true);
    expect(zombie.tape.advances).toMatchObject([{ command: { settlement: { kind: "completed" } }, reply: FENCED }]);
    const late = zombie.tape.advances[0]?.command;
    if (late === undefined) throw new Error("the zombie sent nothing");
    expect(await scene.world.store.ledger.advance(late)).toEqual(FENCED);
    expect({ receipts: await scene.receipts(), image: await scene.store.image(scene.ref) }).toEqual(committed);
    await scene.expectWhole({ one: COMPLETED });
  });

  it("that was committed by a zombie is not committed again by its repeat after a successor's (crash point 9)", async () => {
    const scene = await openScene(openStore);
    const zombie = await scene.worker("a", {
      fault: ({ freeze }) => strikeAt("advance.after_apply_before_reply", [1], "fail", freeze),
    });
    zombie.door.close();
    await scene.worker("b");
    await scene.send("one");
    await scene.send("two");
    await scene.world.settle();
    zombie.door.open();
    await scene.world.settle();

    await expectTakenOver(scene, ["b:two#2"]);
    const committed = { receipts: await scene.receipts(), image: await scene.store.image(scene.ref) };
    const repeated = zombie.tape.advances[0];
    if (repeated === undefined) throw new Error("the zombie sent nothing");

    // It took effect then; the batch it staged and the head it names belong to another by now.
    expect(repeated.reply).toMatchObject({ kind: "committed", next: { kind: "staged" } });
    expect(await scene.world.store.ledger.advance(repeated.command)).toEqual(FENCED);
    zombie.thaw();
    await scene.world.settle();
    expect({ receipts: await scene.receipts(), image: await scene.store.image(scene.ref) }).toEqual(committed);
    expect(scene.turns.map(({ by, texts }) => `${by}:${texts}`)).toEqual(["a:one", "b:two"]);
    await scene.expectWhole({ one: COMPLETED, two: COMPLETED });
  });
}

const FENCED = { kind: "fenced" };

/** Nobody takes the session before its lease and the grace end; somebody does within a sweep after that. */
async function expectTakenOver(scene: Scene, turns: readonly string[]): Promise<void> {
  const { leaseMs, graceMs } = scene.world.timing;
  expect(await scene.turnsWithin(leaseMs + graceMs - 1)).toEqual([]);
  expect(await scene.turnsWithin(scene.deadHolderMs - leaseMs - graceMs + 1)).toEqual(turns);
}
