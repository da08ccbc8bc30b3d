import { isoOf } from "@holdfast/contracts";
import { EXECUTOR, type FaultPoint, strikeAt } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import { Door, withLedger } from "../support/calls.ts";
import { keyed } from "../support/send.ts";
import { type Cast, failOnceUntil, type OpenCrashPointStore, openScene, type Scene } from "./scene.ts";

const COMPLETED = "completed_without_result";

/** Crash points 5, 6, 13 and 15 to 20: wakes that lead nowhere, and sweeps that make up for them. */
export function describeWakes(openStore: OpenCrashPointStore): void {
  describe("a wake", () => {
    describeLostWakes(openStore);
    describeSpentWakes(openStore);
  });
  describe("a session that was let go", () => {
    describeRelease(openStore);
  });
  describe("a sweep", () => {
    describeSweeps(openStore);
  });
}

function describeLostWakes(openStore: OpenCrashPointStore): void {
  it("that a worker took and did not live to claim with is made up for by a sweep (crash point 5)", async () => {
    const scene = await openScene(openStore);
    await scene.worker("a", { fault: ({ die }) => strikeAt("claim.before_send", [1], "hang", die) });
    await scene.worker("b");
    await scene.send("one");
    await scene.world.settle();

    expect(await scene.standing()).toEqual({ inputs: ["queued"], run: null, dueMs: 1_500, position: 0 });
    expect(scene.world.wakes.waiting()).toBe(0);
    expect(await scene.turnsWithin(scene.lostWakeMs)).toEqual(["b:one#1"]);
    await scene.expectWhole({ one: COMPLETED });
  });

  it("that the queue handed out and nobody heard of is made up for by a sweep (crash point 6)", async () => {
    const scene = await openScene(openStore);
    await scene.world.wakes.connect().consume({
      executors: [EXECUTOR],
      concurrency: 1,
      handler: () => new Promise(() => {}), // The job is active; the reply that said so is lost.
    });
    await scene.worker("b");
    await scene.send("one");
    await scene.world.settle();

    expect(await scene.standing()).toEqual({ inputs: ["queued"], run: null, dueMs: 1_500, position: 0 });
    expect(scene.world.wakes.waiting()).toBe(0);
    expect(await scene.turnsWithin(scene.lostWakeMs)).toEqual(["b:one#1"]);
    await scene.expectWhole({ one: COMPLETED });
  });

  it("is not needed: with a warm worker and everything lost, pick-up takes 2 s at most (crash points 3 and 4)", async () => {
    // Whenever it is sent, between two sweeps.
    for (let phaseMs = 0; phaseMs < 1_000; phaseMs += 70) {
      const scene = await openScene(openStore);
      await scene.worker("a");
      await scene.send("one");
      await scene.world.advance(phaseMs);
      scene.world.notices.setDrop(() => true);
      scene.world.wakes.setDrop(() => true);
      await scene.send("two");
      // Until the warm worker has had its moment, and the job that follows is lost, too.
      await scene.world.advance(scene.world.timing.warmClaimMs);
      scene.world.wakes.setDrop(null);

      expect(await scene.turnsWithin(2_000 - scene.world.timing.warmClaimMs)).toEqual(["a:two#1"]);
      await scene.expectWhole({ one: COMPLETED, two: COMPLETED });
    }
  });
}

function describeSpentWakes(openStore: OpenCrashPointStore): void {
  it("that finds the session held is spent, and the holder looks again before it lets go (crash point 16)", async () => {
    const scene = await openScene(openStore);
    const holder = await withHolder(scene);
    const other = await scene.worker("b");

    await other.worker?.run(scene.ref);
    await scene.send("two");
    holder.door.open();

    expect(await scene.turnsWithin(0)).toEqual(["a:two#1"]);
    expect(other.tape.claims).toMatchObject([{ reply: { kind: "busy" } }]);
    expect(holder.calls.claim).toBe(1);
    await scene.expectWhole({ one: COMPLETED, two: COMPLETED });
  });

  it("that finds the session held by a process that dies is made up for when the lease ends (crash point 16)", async () => {
    const scene = await openScene(openStore);
    const holder = await withHolder(scene);
    const other = await scene.worker("b");

    await other.worker?.run(scene.ref);
    holder.kill();

    expect(await scene.turnsWithin(scene.deadHolderMs)).toEqual(["b:one#2"]);
    expect(other.tape.claims).toMatchObject([{ reply: { kind: "busy" } }, { reply: { kind: "staged" } }]);
    await scene.expectWhole({ one: COMPLETED });
  });

  it("during the delay of a retry is spent, and a sweep comes when the delay ends (crash point 17)", async () => {
    const scene = await openScene(openStore);
    await scene.worker("a", { act: failOnceUntil(() => isoOf(scene.world.clock.now() + 7_000)) });
    const other = await scene.worker("b");
    await scene.send("one");
    await scene.world.settle();
    const delayed = { inputs: ["queued"], run: null, dueMs: 7_000, position: 0 };

    expect(await scene.standing()).toEqual(delayed);
    await other.worker?.run(scene.ref);

    expect(other.tape.claims).toMatchObject([{ reply: { kind: "idle", dueAt: scene.store.now() + 7_000 } }]);
    expect(await scene.standing()).toEqual(delayed);
    expect(await scene.turnsWithin(6_999)).toEqual([]);
    expect(await scene.turnsWithin(1 + scene.world.timing.sweepPollMs)).toEqual(["a:one#2"]);
    await scene.expectWhole({ one: COMPLETED });
  });
}

function describeRelease(openStore: OpenCrashPointStore): void {
  it.each<FaultPoint>(["release.after_apply_before_reply", "release.after_reply", "wake.before_add"])(
    "with work left is found by a sweep when its worker dies before it wakes another (%s, crash point 13)",
    async (point) => {
      const scene = await openScene(openStore);
      // With a slot for one session and one boundary to a hold, it lets go in between.
      await scene.worker("a", {
        fault: ({ die }) => strikeAt(point, [1], "hang", die),
        loop: { concurrency: 1, yieldBoundaries: 1 },
      });
      await scene.worker("b");
      await scene.send("one");
      await scene.send("two");
      await scene.world.settle();

      const { sweepPollMs, rewakeMs } = scene.world.timing;
      expect(await scene.standing()).toEqual({ inputs: ["consumed", "queued"], run: null, dueMs: 500, position: 1 });
      expect(await scene.turnsWithin(rewakeMs + sweepPollMs)).toEqual(["b:two#1"]);
      await scene.expectWhole({ one: COMPLETED, two: COMPLETED });
    },
  );

  it("is woken by an input that is admitted just after: the admission says so (crash point 15)", async () => {
    const scene = await openScene(openStore);
    const released = new Door();
    released.close();
    const wrap = withLedger((ledger) => ({
      advance: async (command) => {
        const reply = await ledger.advance(command);
        await released.pass();
        return reply;
      },
    }));
    await scene.worker("a", { wrap });
    await scene.send("one");
    await scene.world.settle();
    expect(await scene.standing()).toEqual({ inputs: ["consumed"], run: null, dueMs: null, position: 1 });

    const admission = await scene.sender.runtime.acceptInput(scene.ref, keyed("two", "two"));
    await scene.world.settle();
    released.open();

    expect(admission).toMatchObject({ kind: "accepted", signal: "wake" });
    expect(await scene.turnsWithin(0)).toEqual(["a:two#1"]);
    await scene.expectWhole({ one: COMPLETED, two: COMPLETED });
  });
}

function describeSweeps(openStore: OpenCrashPointStore): void {
  it("whose worker dies after it moved the session on is made up for by the next one (crash point 18)", async () => {
    const scene = await openScene(openStore);
    let diedAt = 0;
    await scene.worker("a", {
      fault: ({ die }) => ({
        at: (point) => {
          // The first sweep that finds anything.
          if (point !== "sweep.after_apply_before_reply" || scene.world.clock.monotonic() < 1_500) return "pass";
          diedAt = scene.world.clock.monotonic();
          die();
          return "hang";
        },
      }),
    });
    scene.world.wakes.setDrop(() => true);
    await scene.send("one");
    await scene.world.advance(scene.lostWakeMs);
    scene.world.wakes.setDrop(null);
    await scene.worker("b");

    const goneMs = scene.world.clock.monotonic() - diedAt;
    expect(await scene.standing()).toMatchObject({ inputs: ["queued"], run: null });
    expect(await scene.turnsWithin(1_499 - goneMs)).toEqual([]);
    expect(await scene.turnsWithin(scene.lostWakeMs - 1_499)).toEqual(["b:one#1"]);
    await scene.expectWhole({ one: COMPLETED });
  });

  it("by the first worker that starts finds what waited while all were down (crash point 19)", async () => {
    const scene = await openScene(openStore);
    scene.world.wakes.setDrop(() => true);
    await scene.send("one");
    await scene.world.advance(3_600_000);
    scene.world.wakes.setDrop(null);

    expect(await scene.standing()).toMatchObject({ inputs: ["queued"], dueMs: 1_500 - 3_600_000 });
    await scene.worker("a");

    expect(await scene.turnsWithin(scene.world.timing.sweepPollMs)).toEqual(["a:one#1"]);
    await scene.expectWhole({ one: COMPLETED });
  });

  it("runs the session itself when two wakes of the queue led nowhere (crash point 20)", async () => {
    const scene = await openScene(openStore);
    // The consumer of the queue hangs: wakes pile up.
    await scene.worker("a", { wrapQueue: (queue) => ({ ...queue, consume: async () => {} }) });
    await scene.send("one");

    expect(await scene.turnsWithin(scene.lostWakeMs)).toEqual([]);
    expect(scene.world.wakes.waiting()).toBe(2);
    expect(await scene.turnsWithin(scene.lostWakeMs)).toEqual(["a:one#1"]);
    await scene.expectWhole({ one: COMPLETED });
  });
}

/** A worker that is in the middle of a turn. */
async function withHolder(scene: Scene): Promise<Cast> {
  const holder = await scene.worker("a");
  holder.door.close();
  await scene.send("one");
  await scene.world.settle();
  return holder;
}
