import { createVirtualClock } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import { CircuitBreaker, type Pause } from "../../src/consumer/circuit-breaker.ts";

function createBreaker(fraction = 1) {
  const clock = createVirtualClock();
  const pauses: Pause[] = [];
  let resumes = 0;
  const breaker = new CircuitBreaker({
    clock,
    random: { fraction: () => fraction },
    onPause: (pause) => pauses.push(pause),
    onResume: () => {
      resumes += 1;
    },
  });
  const fail = (times: number) => {
    for (let n = 1; n <= times; n += 1) breaker.recordError(new Error(`BUSY ${n}`));
  };
  return { clock, breaker, pauses, fail, resumes: () => resumes };
}

describe("CircuitBreaker", () => {
  it("lets five errors in a second pass", () => {
    const { breaker, fail, pauses } = createBreaker();

    fail(5);

    expect(breaker.isOpen).toBe(false);
    expect(pauses).toEqual([]);
  });

  it("pauses at the sixth error in a second, and resumes when the pause is over (Q4)", async () => {
    const { breaker, clock, fail, pauses, resumes } = createBreaker(0);

    fail(6);
    await clock.advance(249);
    expect(breaker.isOpen).toBe(true);
    await clock.advance(1);

    expect(pauses).toMatchObject([{ ms: 250, errors: 6, lastError: new Error("BUSY 6") }]);
    expect(resumes()).toBe(1);
    expect(breaker.isOpen).toBe(false);
  });

  it("ignores errors that are spread over time", async () => {
    const { clock, fail, pauses } = createBreaker();

    for (let n = 0; n < 20; n += 1) {
      fail(1);
      await clock.advance(250);
    }

    expect(pauses).toEqual([]);
  });

  it("pauses longer from burst to burst, up to ten seconds (Q4)", async () => {
    const { clock, fail, pauses } = createBreaker(1);

    for (let burst = 0; burst < 8; burst += 1) {
      fail(6);
      await clock.advance(10_000);
    }

    expect(pauses.map(({ ms }) => ms)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000]);
  });

  it("begins with a short pause again after a quiet time", async () => {
    const { clock, fail, pauses } = createBreaker(1);
    fail(6);
    await clock.advance(1_000);
    fail(6);

    await clock.advance(60_000);
    fail(6);

    expect(pauses.map(({ ms }) => ms)).toEqual([500, 1_000, 500]);
  });

  it("counts the errors that come during a pause", async () => {
    const { clock, fail, pauses } = createBreaker(0);
    fail(6);
    fail(100);
    await clock.advance(250);

    fail(6);

    expect(pauses.map(({ errors }) => errors)).toEqual([6, 106]);
  });

  it("resumes nothing after it was disposed of", async () => {
    const { breaker, clock, fail, resumes } = createBreaker();
    fail(6);

    breaker.dispose();
    await clock.advance(60_000);

    expect(resumes()).toBe(0);
  });
});
