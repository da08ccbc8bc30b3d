import { describe, expect, it } from "vitest";
import { createSeededRandom, createVirtualClock } from "../../src/index.ts";

describe("virtual clock", () => {
  it("fires timers in the order of their time, and those of the same time in the order they were set", async () => {
    const clock = createVirtualClock();
    const fired: string[] = [];
    for (const [name, ms] of [
      ["c", 20],
      ["a", 10],
      ["d", 20],
      ["b", 10],
    ] as const) {
      clock.after(ms, () => fired.push(`${name}@${clock.monotonic()}`));
    }

    await clock.advance(20);

    expect(fired).toEqual(["a@10", "b@10", "c@20", "d@20"]);
  });

  it("fires a great many timers in order", async () => {
    const clock = createVirtualClock();
    const random = createSeededRandom(7);
    const fired: number[] = [];
    for (let n = 0; n < 500; n += 1) {
      const at = Math.floor(random.fraction() * 100);
      const cancel = clock.after(at, () => fired.push(at));
      if (n % 7 === 0) cancel();
    }

    await clock.runUntilIdle();

    expect(fired).toEqual([...fired].sort((one, other) => one - other));
    expect(fired).toHaveLength(500 - Math.ceil(500 / 7));
    expect(clock.pending()).toBe(0);
  });

  it("fires timers that timers set, and waits for what they promised in between", async () => {
    const clock = createVirtualClock();
    const fired: number[] = [];
    clock.after(10, () => {
      void Promise.resolve().then(() => clock.after(5, () => fired.push(clock.monotonic())));
    });

    await clock.advance(15);

    expect(fired).toEqual([15]);
  });

  it("does not fire what was cancelled, nor what is due later", async () => {
    const clock = createVirtualClock();
    const fired: string[] = [];
    const cancel = clock.after(5, () => fired.push("cancelled"));
    clock.after(11, () => fired.push("later"));
    cancel();
    cancel();

    await clock.advance(10);

    expect(fired).toEqual([]);
    expect([clock.pending(), clock.nextAt()]).toEqual([1, 11]);
  });

  it("says how far time went until nothing was left", async () => {
    const clock = createVirtualClock();
    clock.after(30, () => clock.after(12, () => {}));

    expect(await clock.runUntilIdle()).toBe(42);
    expect(await clock.runUntilIdle()).toBe(0);
  });

  it("jumps what people read without touching deadlines", async () => {
    const clock = createVirtualClock(1_000);
    const fired: number[] = [];
    clock.after(10, () => fired.push(clock.now()));

    clock.jump(-500);
    await clock.advance(10);

    expect(fired).toEqual([510]);
    expect(clock.monotonic()).toBe(10);
  });
});

describe("seeded random", () => {
  it("repeats itself for the same seed, and for no other", () => {
    const take = (seed: number) => {
      const random = createSeededRandom(seed);
      return [random.fraction(), random.fraction(), random.id("clm")];
    };

    expect(take(1)).toEqual(take(1));
    expect(take(1)).not.toEqual(take(2));
  });

  it("spreads evenly over [0, 1)", () => {
    const random = createSeededRandom(3);
    const buckets = new Array<number>(10).fill(0);
    for (let n = 0; n < 10_000; n += 1)
      buckets[Math.floor(random.fraction() * 10)] = (buckets[Math.floor(random.fraction() * 10)] ?? 0) + 1;

    for (const count of buckets) expect(count).toBeGreaterThan(700);
  });

  it("mints ids of the form that contracts ask for", () => {
    expect(createSeededRandom(1).id("clm")).toMatch(/^clm_[A-Za-z0-9_-]{21}$/);
  });
});
