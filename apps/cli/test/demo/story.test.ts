import { createHash } from "node:crypto";
import type { Admission, InputId, Outcome, RunId } from "holdfast";
import { describe, expect, it } from "vitest";
import { isCancelled, Story } from "../../src/demo/story.ts";
import type { ReplayInput } from "../../src/replay/parse-line.ts";

const completed: Outcome = { kind: "completed", runId: "run_12345678" as RunId, position: 1, output: null };
const cancelled: Outcome = { kind: "abandoned", reason: "cancelled", attempts: 1 };
const stopped: Outcome = { kind: "abandoned", reason: "stopped", attempts: 0 };

function input(sessionId: string, key: string): ReplayInput {
  return { line: 1, sessionId, key, input: { kind: "prompt", text: `text of ${key}` } };
}

function acknowledged(admission: number): Exclude<Admission, { kind: "rejected" }> {
  const inputId = `inp_00000000${admission}` as InputId;
  return { kind: "accepted", inputId, admission } as Exclude<Admission, { kind: "rejected" }>;
}

function told(entries: readonly (readonly [key: string, admission: number, outcome: Outcome | null])[]): Story {
  const story = new Story();
  for (const [key, admission] of entries) story.admitted(input("s", key), acknowledged(admission));
  for (const [key, , outcome] of entries) if (outcome !== null) story.ended(input("s", key), outcome);
  return story;
}

function chain(keys: readonly string[]): string {
  return keys.reduce(
    (before, key) => createHash("sha256").update(`${before}\n${key}\ntext of ${key}`).digest("hex"),
    "",
  );
}

describe("what a sender was told", () => {
  it("expects what was consumed, in the order of admission, whatever the order of the news", () => {
    const story = told([
      ["b", 2, cancelled],
      ["c", 3, completed],
      ["a", 1, completed],
      ["b~2", 4, completed],
      ["open", 5, null],
    ]);

    expect(story.expectationOf("s")).toEqual({ session: "s", count: 3, chain: chain(["a", "c", "b~2"]) });
    expect(story.inputsOf("s").map(({ key }) => key)).toEqual(["a", "b", "c", "b~2", "open"]);
    expect([story.count("cancelled"), story.count("open")]).toEqual([1, 1]);
  });

  it("believes the first news of an input", () => {
    const story = told([["a", 1, completed]]);

    story.admitted(input("s", "a"), acknowledged(7));
    story.ended(input("s", "a"), cancelled);

    expect(story.inputsOf("s")).toMatchObject([{ admission: 1, end: "consumed" }]);
  });

  it("names sessions with something under way, and none when few are left", () => {
    const story = new Story();
    for (const session of ["one", "two"]) story.admitted(input(session, "k"), acknowledged(1));

    expect([story.busySession(0), story.busySession(1 / 24), story.busySession(2 / 24)]).toEqual(["one", "two", null]);
    story.ended(input("one", "k"), completed);

    expect([story.busySession(0), story.busySession(1 / 24)]).toEqual(["two", null]);
  });

  it("tells an interruption from other ends", () => {
    expect([completed, cancelled, stopped].map(isCancelled)).toEqual([false, true, false]);
    expect(told([["a", 1, stopped]]).count("other")).toBe(1);
  });
});
