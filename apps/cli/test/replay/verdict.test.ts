import { describe, expect, it } from "vitest";
import { compareSessions, type Expectation, type Held, verdictLine } from "../../src/replay/verdict.ts";

async function judge(expected: readonly Expectation[], held: Readonly<Record<string, Held>>) {
  async function* all() {
    yield* expected;
  }
  return compareSessions({ expected: all(), read: async (session) => held[session] ?? null, concurrency: 3 });
}

const a = { session: "a", count: 3, chain: "aa" };
const b = { session: "b", count: 2, chain: "bb" };

describe("the verdict", () => {
  it("is right when every session has its count and chain", async () => {
    const verdict = await judge([a, b], {
      a: { state: { count: 3, chain: "aa" }, deadLetters: 0 },
      b: { state: { count: 2, chain: "bb" }, deadLetters: 0 },
    });

    expect(verdict).toMatchObject({ isRight: true, right: 2, wrong: 0 });
    expect(verdictLine(verdict)).toMatch(/^right: 2 sessions right, 0 wrong/);
  });

  it.each([
    ["a session that is not there", null, { lost: 3, doubled: 0, reordered: 0 }],
    ["a state that is no fold", { state: "text", deadLetters: 0 }, { lost: 3, doubled: 0, reordered: 0 }],
    ["a lost input", { state: { count: 2, chain: "x" }, deadLetters: 0 }, { lost: 1, doubled: 0, reordered: 0 }],
    ["a doubled input", { state: { count: 5, chain: "x" }, deadLetters: 0 }, { lost: 0, doubled: 2, reordered: 0 }],
    ["another order", { state: { count: 3, chain: "x" }, deadLetters: 0 }, { lost: 0, doubled: 0, reordered: 1 }],
  ])("is wrong for %s", async (_, held, sums) => {
    const verdict = await judge([a], held === null ? {} : { a: held });

    expect(verdict).toMatchObject({ isRight: false, right: 0, wrong: 1, ...sums });
    expect(verdict.samples).toHaveLength(1);
    expect(verdictLine(verdict)).toMatch(/^WRONG/);
  });

  it("is wrong when an input ended as a dead letter", async () => {
    const verdict = await judge([a], { a: { state: { count: 3, chain: "aa" }, deadLetters: 1 } });

    expect(verdict).toMatchObject({ isRight: false, right: 1, deadLetters: 1 });
  });

  it("is not right about nothing", async () => {
    expect((await judge([], {})).isRight).toBe(false);
  });
});
