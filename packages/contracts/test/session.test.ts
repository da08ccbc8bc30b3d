import { describe, expect, it } from "vitest";
import { Binding, SessionPhase, SessionSettings, SessionState } from "../src/index.ts";

it("shows callers every phase and, derived, attached and running", () => {
  expect(SessionState.options).toEqual([...SessionPhase.options, "attached", "running"]);
});

describe("a binding", () => {
  it.each(["a", "chat", "Chat.v2", "a_b-c.d", "9", "x".repeat(64)])("may name the executor %s", (executor) => {
    expect(Binding.parse({ executor })).toEqual({ executor, onFailure: "hold" });
  });

  it.each(["", ".a", "-a", "_a", "a b", "a/b", "a:b", "é", "x".repeat(65), "a\n"])(
    "may not name the executor %j",
    (executor) => {
      expect(Binding.safeParse({ executor }).success).toBe(false);
    },
  );

  it("knows two ways to treat a failure", () => {
    expect(Binding.parse({ executor: "a", onFailure: "defer" }).onFailure).toBe("defer");
    expect(Binding.safeParse({ executor: "a", onFailure: "skip" }).success).toBe(false);
  });
});

describe("session settings", () => {
  it("silence nothing by default", () => {
    expect(SessionSettings.parse({})).toEqual({ silentIntents: [] });
  });

  it("hold at most a thousand silent intents", () => {
    const intents = (count: number) => ({ silentIntents: Array.from({ length: count }, String) });

    expect(SessionSettings.safeParse(intents(1_000)).success).toBe(true);
    expect(SessionSettings.safeParse(intents(1_001)).success).toBe(false);
  });
});
