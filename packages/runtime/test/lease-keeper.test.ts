import { binding, createIds, sessionRef } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import type { Hold } from "../src/index.ts";
import { ref, unavailable, withSender, withSession } from "./support/bound-session.ts";
import { Door, withLedger } from "./support/calls.ts";
import { holding, recording } from "./support/executors.ts";
import { send } from "./support/send.ts";
import { createWorld, type ProcessOptions, type World } from "./support/world.ts";

const ids = createIds();

/** A worker in the middle of a turn, and when that turn was told to end. */
async function withTurn(world: World, options: Omit<ProcessOptions, "executors"> = {}) {
  const { sender } = await withSender(world);
  const host = holding();
  const worker = await world.start("worker", { ...options, executors: [host.executor] });
  const claimedAt = world.clock.monotonic();
  const { inputId, completion } = await send(sender, ref);
  await world.settle();
  const aborts: number[] = [];
  host.last().turn.signal.addEventListener("abort", () => aborts.push(world.clock.monotonic()));
  const leaseLeft = async () => {
    const facts = await world.store.archive.explainFacts(ref);
    return (facts?.run?.leaseUntil ?? 0) - world.clock.now();
  };
  return { sender, host, worker, claimedAt, inputId, completion, aborts, leaseLeft };
}

describe("a beat", () => {
  it("renews all holds of the worker in one call", async () => {
    const world = createWorld();
    const sender = await world.start("sender");
    const host = holding();
    const renewed: (readonly Hold[])[] = [];
    const wrap = withLedger((ledger) => ({
      renew: async (holds) => {
        renewed.push([...holds]);
        return ledger.renew(holds);
      },
    }));
    await world.start("worker", { executors: [host.executor], wrap });
    const refs = ["a", "b", "c", "d", "e"].map((name) => sessionRef(name));
    for (const session of refs) await send(sender, session, "hello", { createWith: binding() });
    await world.settle();

    await world.advance(world.timing.renewMs * 1.1);

    expect(renewed).toHaveLength(1);
    expect(renewed[0]?.map((hold) => hold.ref)).toEqual(refs);
    expect(new Set(renewed[0]?.map(({ claimId }) => claimId)).size).toBe(5);
  });

  it("keeps a turn of any length: nobody else takes its session, and nothing is charged", async () => {
    const world = createWorld();
    const { sender, host, inputId, completion, aborts } = await withTurn(world);
    await world.start("other", { executors: [recording()] });

    await world.advance(10 * world.timing.leaseMs);
    host.last().answer({ kind: "completed", output: "late" });
    await world.settle();

    expect(await completion).toMatchObject({ kind: "completed", output: "late" });
    expect(aborts).toEqual([]);
    expect(await sender.runtime.inputState(ref, { inputId })).toMatchObject({ attempts: 1, losses: 0 });
  });

  it("asks for nothing while no run is staged: neither before the first nor after the last", async () => {
    const { world, sender } = await withSession();
    const host = holding();
    const worker = await world.start("worker", { executors: [host.executor] });
    await worker.worker?.run(ref);
    await world.advance(4 * world.timing.renewMs);
    const before = worker.calls.renew;
    await send(sender, ref);
    await world.settle();
    host.last().answer();
    await world.settle();

    await world.advance(4 * world.timing.renewMs);

    expect(host.turns).toHaveLength(1);
    expect([before, worker.calls.renew]).toEqual([0, 0]);
  });

  it("does not pile up renewals that the store is slow to answer", async () => {
    const world = createWorld();
    const door = new Door();
    const wrap = withLedger((ledger) => ({
      renew: async (holds) => {
        await door.pass();
        return ledger.renew(holds);
      },
    }));
    const { worker, aborts } = await withTurn(world, { wrap });
    door.close();

    await world.advance(2.5 * world.timing.renewMs);
    door.open();
    await world.settle();
    const calls = worker.calls.renew;
    await world.advance(world.timing.leaseMs);

    expect(calls).toBe(1);
    expect(aborts).toEqual([]);
  });
});

describe("a turn whose lease is not renewed", () => {
  it("is told to end before the lease can end, and not much earlier (K2)", async () => {
    const world = createWorld();
    const wrap = withLedger(() => ({ renew: unavailable }));
    const { worker, host, claimedAt, aborts, leaseLeft } = await withTurn(world, { wrap });
    const { leaseMs, safetyMs } = world.timing;

    await world.advance(leaseMs - safetyMs - 1);
    const early = [...aborts];
    await world.advance(1_000);

    expect(early).toEqual([]);
    expect(aborts).toHaveLength(1);
    expect((aborts[0] as number) - claimedAt).toBeGreaterThanOrEqual(leaseMs - safetyMs);
    expect(await leaseLeft()).toBeGreaterThan(0);
    expect(host.last().turn.signal.reason).toMatchObject({ name: "AbortError" });
    expect(worker.reports).toContainEqual(expect.objectContaining({ phrase: "leases not renewed" }));
  });

  it("counts its time from when the last renewal that succeeded was sent, not from its answer (K1)", async () => {
    const world = createWorld();
    const { leaseMs, safetyMs, renewMs } = world.timing;
    const sentAt: number[] = [];
    const wrap = withLedger((ledger) => ({
      renew: async (holds) => {
        sentAt.push(world.clock.monotonic());
        if (sentAt.length > 1) unavailable();
        const replies = await ledger.renew(holds);
        await new Promise<void>((resolve) => world.clock.after(renewMs, resolve));
        return replies;
      },
    }));
    const { aborts } = await withTurn(world, { wrap });

    await world.advance(3 * leaseMs);

    const heldFor = (aborts[0] as number) - (sentAt[0] as number);
    expect(aborts).toHaveLength(1);
    expect(heldFor).toBeGreaterThanOrEqual(leaseMs - safetyMs);
    expect(heldFor).toBeLessThan(leaseMs - safetyMs / 2);
  });

  it("is handed back in order when the store answers again in time: nothing is charged", async () => {
    const world = createWorld();
    const wrap = withLedger(() => ({ renew: unavailable }));
    const { sender, host, inputId, aborts } = await withTurn(world, { wrap });

    await world.advance(world.timing.leaseMs + 1_000);

    expect(aborts).toHaveLength(1);
    expect(host.turns.map(({ turn }) => turn.attempt)).toEqual([1, 2]);
    expect(await sender.runtime.inputState(ref, { inputId })).toMatchObject({ losses: 0, failures: 0 });
  });

  it("is told to end as soon as a renewal says that somebody else has the session", async () => {
    const world = createWorld();
    const { sender, aborts } = await withTurn(world);
    world.notices.setDrop((_node, message) => message.type === "run.abort");

    await sender.runtime.control(ref, { verb: "stop", requestId: ids.request() });
    await world.advance(world.timing.renewMs * 1.1);

    expect(aborts).toHaveLength(1);
  });
});

it("ends a turn that slept past its lease before it renews, though the renewal would succeed (K3)", async () => {
  // The watch is slow and the beat is quick, so that the beat alone wakes up here.
  const world = createWorld({ timing: { leaseMs: 2_600, safetyMs: 2_000, renewMs: 300 } });
  const { worker, host, aborts } = await withTurn(world);
  worker.freeze();
  await world.advance(700);
  const asleep = [...aborts];

  worker.thaw();
  await world.settle();

  expect(asleep).toEqual([]);
  expect(aborts).toEqual([world.clock.monotonic()]);
  expect(host.turns).toHaveLength(1);
  expect(worker.calls.renew).toBe(1);
});

describe("a renewal that is answered late", () => {
  /** A world in which the first renewal is answered when the test says so. */
  async function withLateAnswer() {
    const world = createWorld();
    const door = new Door();
    let renewals = 0;
    const wrap = withLedger((ledger) => ({
      renew: async (holds) => {
        const replies = await ledger.renew(holds);
        renewals += 1;
        if (renewals === 1) await door.pass();
        return replies;
      },
    }));
    door.close();
    return { world, door, ...(await withTurn(world, { wrap })) };
  }

  it("ends no later run than the one that was asked to end", async () => {
    const { world, door, sender, host } = await withLateAnswer();
    await send(sender, ref, "two");
    world.notices.setDrop((_node, message) => message.type === "run.abort");
    await sender.runtime.interruptCurrentRun(ref, { requestId: ids.request() });
    await world.advance(world.timing.renewMs * 1.1);
    host.last().answer();
    await world.settle();

    door.open();
    await world.advance(1_000);

    expect(host.turns).toHaveLength(2);
    expect(host.last().turn.signal.aborted).toBe(false);
  });

  it("takes nothing from a lease that was granted meanwhile (K1)", async () => {
    const { world, door, sender, host } = await withLateAnswer();
    await send(sender, ref, "two");
    await world.advance(7_000);
    host.last().answer();
    await world.settle();
    const grantedAt = world.clock.monotonic();

    await world.advance(4_500);
    door.open();
    await world.advance(1_000);

    expect(host.turns).toHaveLength(2);
    expect(world.clock.monotonic() - grantedAt).toBeLessThan(world.timing.leaseMs - world.timing.safetyMs);
    expect(host.last().turn.signal.aborted).toBe(false);
  });
});
