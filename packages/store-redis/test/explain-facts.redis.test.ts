import { driveSession, event, failed, sessionRef } from "@holdfast/testkit";
import { Redis } from "ioredis";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import { type ExplainOptions, explainFacts } from "../src/archive/explain-facts.ts";
import { openTimedStore } from "./open-store.ts";

/** A session whose only input failed and holds its lane up, and reads of it between which something happens. */
async function withBlockedLane(between: (again: () => Promise<void>) => Promise<void>) {
  const { store, advanceTime, close } = await openTimedStore();
  const client = new Redis(inject("redisUrl"));
  onTestFinished(async () => {
    client.disconnect();
    await close();
  });
  const session = driveSession(store, sessionRef("chat/42"));
  await session.register();
  const { inputId } = await session.accept({ input: event("tick") });
  const failAgain = async () => {
    await session.advance(await session.stage(), failed({ retryDelayMs: 60_000, isDelayExplicit: true }));
  };
  await failAgain();
  let reads = 0;
  const scripts: ExplainOptions["scripts"] = {
    read: async (command) => {
      const answer = await command(client);
      reads += 1;
      await between(async () => {
        await advanceTime(60_000);
        await failAgain();
      });
      return answer;
    },
    // The session has no run that anybody could hold.
    run: () => Promise.reject(new Error("asked for a holder")),
  };
  return { facts: await explainFacts({ scripts, keys: store.keys }, session.ref), inputId, reads: () => reads };
}

describe("the facts that explain goes by", () => {
  it("name the input that holds its lane up, until when, and how often it failed", async () => {
    const { facts, inputId, reads } = await withBlockedLane(async () => {});

    expect(facts).toMatchObject({ run: null, nextTimed: { id: inputId, failures: 1 } });
    expect(facts?.nextTimed?.at).toBe(facts?.dueAt);
    expect(reads()).toBeLessThanOrEqual(2);
  });

  it("are of one moment, though the session goes on between two reads", async () => {
    let isDone = false;
    const { facts, inputId } = await withBlockedLane(async (again) => {
      if (isDone) return;
      isDone = true;
      await again();
    });

    expect(facts?.nextTimed).toMatchObject({ id: inputId, failures: 2 });
    expect(facts?.nextTimed?.at).toBe(facts?.dueAt);
  });
});
