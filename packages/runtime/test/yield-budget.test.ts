import { DEFAULT_LOOP_LIMITS } from "@holdfast/contracts";
import { binding, sessionRef } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import { ref, withSession } from "./support/bound-session.ts";
import { executor, holding, textsOf } from "./support/executors.ts";
import { send } from "./support/send.ts";
import type { TestProcess } from "./support/world.ts";

const { yieldBoundaries, yieldMs } = DEFAULT_LOOP_LIMITS;

/** Gives the session more to do than one hold may do at a stretch. */
async function fill(sender: TestProcess, count: number): Promise<void> {
  for (let n = 1; n <= count; n += 1) await send(sender, ref, `a${n}`);
}

/** An executor that keeps the order of what it ran. */
function ordering() {
  const order: string[] = [];
  const host = executor((turn) => {
    order.push(...textsOf(turn));
    return { kind: "completed" };
  });
  return { order, host };
}

describe("a hold", () => {
  it("goes on for as long as there is work while nobody waits for its slot", async () => {
    const { world, sender } = await withSession();
    await fill(sender, 3 * yieldBoundaries);
    const { order, host } = ordering();

    const worker = await world.start("worker", { executors: [host] });
    await world.advance(1_000);

    expect(order).toHaveLength(3 * yieldBoundaries);
    expect(worker.calls).toMatchObject({ claim: 1, advance: 3 * yieldBoundaries });
  });

  it("of a full worker yields after 20 boundaries, and goes on after whoever waited", async () => {
    const { world, sender } = await withSession();
    await fill(sender, 2 * yieldBoundaries);
    await send(sender, sessionRef("chat/other"), "b", { createWith: binding() });
    const { order, host } = ordering();

    await world.start("worker", { executors: [host], loop: { concurrency: 1 } });
    await world.advance(10_000);

    expect(yieldBoundaries).toBe(20);
    expect(order.indexOf("b")).toBe(20);
    expect(order).toHaveLength(2 * yieldBoundaries + 1);
    expect(order.filter((text) => text !== "b")).toEqual(Array.from({ length: 40 }, (_, n) => `a${n + 1}`));
  });

  it("of a full worker yields at the first boundary after 60 s, and never within a turn", async () => {
    const { world, sender } = await withSession();
    await fill(sender, 3);
    const host = holding();
    await world.start("worker", { executors: [host.executor], loop: { concurrency: 1 } });
    await world.advance(1_000);
    await send(sender, sessionRef("chat/other"), "b", { createWith: binding() });
    await world.advance(yieldMs - 2_000);
    host.last().answer();
    await world.settle();
    const within = textsOf(host.last().turn);
    await world.advance(10_000);
    const isAborted = host.last().turn.signal.aborted;

    host.last().answer();
    await world.settle();

    expect(yieldMs).toBe(60_000);
    expect(within).toEqual(["a2"]);
    expect(isAborted).toBe(false);
    expect(textsOf(host.last().turn)).toEqual(["b"]);
  });

  it("charges nothing to what it leaves for later", async () => {
    const { world, sender } = await withSession();
    await fill(sender, yieldBoundaries + 1);
    await send(sender, sessionRef("chat/other"), "b", { createWith: binding() });
    const { host } = ordering();

    await world.start("worker", { executors: [host], loop: { concurrency: 1 } });
    await world.advance(10_000);

    const { items } = await sender.runtime.listInputs(ref, { after: 0, limit: 100 });
    expect(items.map(({ status, attempts, losses }) => ({ status, attempts, losses }))).toEqual(
      items.map(() => ({ status: "consumed", attempts: 1, losses: 0 })),
    );
  });
});
