import { binding, operation, prompt } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import { ref, withSession } from "../support/bound-session.ts";
import { executor, recording, textsOf } from "../support/executors.ts";
import { createWorld } from "../support/world.ts";

describe("waking", () => {
  it("is not done for an input sent without wake; the next one that wakes brings it along (L2)", async () => {
    const { world, sender } = await withSession();
    const seen: string[][] = [];
    const executors = [
      executor((turn) => {
        seen.push(textsOf(turn));
        return { kind: "completed" };
      }),
    ];
    await world.start("worker", { executors });

    const silent = await sender.runtime.acceptInput(ref, prompt("silent"), { isWithoutWake: true });
    await world.advance(60_000);
    const before = [...seen];
    await sender.runtime.acceptInput(ref, prompt("loud"));
    await world.advance(100);

    expect(silent).toMatchObject({ kind: "accepted", signal: "none" });
    expect(before).toEqual([]);
    expect(seen).toEqual([["silent"], ["loud"]]);
  });

  it("is not done for what is consumed on admission", async () => {
    const { world, sender } = await withSession();

    const { admission, completion } = await sender.runtime.acceptInputWithCompletion(ref, operation("build"));

    expect(admission).toMatchObject({ kind: "accepted", status: "consumed", signal: "none" });
    expect(completion).toBeNull();
    expect(world.wakes.waiting()).toBe(0);
  });

  it("is done once for any number of inputs of one rest", async () => {
    const { world, sender } = await withSession();

    for (const text of ["one", "two", "three"]) await sender.runtime.acceptInput(ref, prompt(text));

    expect(world.wakes.waiting()).toBe(1);
  });

  it("goes to the worker of this process first, with no job", async () => {
    const world = createWorld();
    const both = await world.start("both", { executors: [recording()] });

    const { completion } = await both.runtime.acceptInputWithCompletion(ref, prompt("hello"), {
      createWith: binding(),
    });
    const outcome = await completion;

    expect(outcome).toMatchObject({ kind: "completed", output: "hello" });
    expect(world.wakes.waiting()).toBe(0);
  });

  it("goes to the worker that has the session warm, and to the queue when that one does not come", async () => {
    const { world, sender } = await withSession();
    const turns: string[] = [];
    const host = (name: string) =>
      executor(() => {
        turns.push(name);
        return { kind: "completed" };
      });
    const warm = await world.start("warm", { executors: [host("warm")] });
    await sender.runtime.acceptInput(ref, prompt("one"));
    await world.advance(100);
    await world.start("cold", { executors: [host("cold")] });

    await sender.runtime.acceptInput(ref, prompt("two"));
    const jobs = world.wakes.waiting();
    await world.advance(1);
    warm.kill();
    await sender.runtime.acceptInput(ref, prompt("three"));
    await world.advance(world.timing.warmClaimMs);

    expect(jobs).toBe(0);
    expect(turns).toEqual(["warm", "warm", "cold"]);
  });
});
