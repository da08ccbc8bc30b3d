/** Runs that a call does itself. */
import { AppError, type InputId, isAppError } from "@holdfast/contracts";
import { prompt } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import type { DirectOperation, Store, Turn } from "../../src/index.ts";
import { recording, textsOf } from "../support/executors.ts";
import { rejection } from "../support/rejection.ts";
import { keyed, send } from "../support/send.ts";
import type { OpenStage, Stage } from "./stage.ts";

const ALL = { after: 0, limit: 100 };

/** An operation that completes with the texts of its turn. */
const echo: DirectOperation<string[]> = async (turn: Turn) => {
  return { value: textsOf(turn), result: { kind: "completed", state: { seen: textsOf(turn) }, output: "done" } };
};

/** An operation that waits for the test; it ignores its signal. */
function waiting() {
  const turns: Turn[] = [];
  let finish = (): void => {};
  const operation: DirectOperation<string> = async (turn) => {
    turns.push(turn);
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    return { value: "late", result: { kind: "completed" } };
  };
  return { turns, operation, finish: () => finish() };
}

/** A store that does not take settlements while it is told not to. */
function withoutAdvance(isAway: () => boolean) {
  return (store: Store): Store => ({
    ...store,
    ledger: {
      ...store.ledger,
      advance: async (command) => {
        if (isAway()) throw new AppError("store.unavailable");
        return store.ledger.advance(command);
      },
    },
  });
}

/** Proves the scenarios of accept-and-run on a store. */
export function describeSyncRun(openStage: OpenStage): void {
  async function registered(): Promise<Stage> {
    const stage = await openStage();
    await stage.register();
    return stage;
  }

  async function stateOf({ sender, ref }: Stage): Promise<string | undefined> {
    return (await sender.runtime.findSession(ref))?.state;
  }

  async function statusesOf({ sender, ref }: Stage): Promise<string[]> {
    return (await sender.runtime.listInputs(ref, ALL)).items.map(({ status }) => status);
  }

  describe("accept and run", () => {
    it("commits the operation's result in a session without a binding, and answers its value", async () => {
      const stage = await registered();
      const { sender, ref } = stage;

      expect(await sender.runtime.acceptInputAndRun(ref, keyed("k", "one"), echo)).toEqual(["one"]);

      expect(await stateOf(stage)).toBe("idle");
      expect(await statusesOf(stage)).toEqual(["consumed"]);
      expect(await sender.runtime.sessionState(ref)).toEqual({ state: { seen: ["one"] }, position: 1 });
      const { items } = await sender.runtime.listReceipts(ref, ALL);
      expect(items).toMatchObject([{ result: "completed", sequence: 1, contributors: [expect.any(String)] }]);
      expect(await sender.runtime.waitForOutcome(ref, { key: "k" })).toMatchObject({
        kind: "completed",
        output: "done",
      });
    });

    it("keeps the workers of a bound session out while it lasts [L8]", async () => {
      const stage = await openStage();
      const { sender, ref, world } = stage;
      await stage.bind();
      const hosted = recording();
      await stage.worker("worker", hosted);
      const { operation, turns, finish } = waiting();
      const answer = sender.runtime.acceptInputAndRun(ref, prompt("mine"), operation);
      await world.settle();
      const next = await send(sender, ref, "theirs");
      await world.advance(30_000);

      expect(await stateOf(stage)).toBe("running");
      expect(turns).toHaveLength(1);
      finish();

      expect(await answer).toBe("late");
      await world.advance(2_000);
      expect(await next.completion).toMatchObject({ kind: "completed", output: "theirs" });
      expect(await sender.runtime.sessionState(ref)).toMatchObject({ state: ["theirs"], position: 2 });
    });

    it("SYN-01 is not ready while another input is active, silent or not", async () => {
      const stage = await registered();
      const { sender, ref } = stage;
      await sender.runtime.acceptInputWithoutWake(ref, prompt("first"));

      const error = await rejection(sender.runtime.acceptInputAndRun(ref, keyed("k"), echo));

      expect(error).toMatchObject({ code: "session.not_accepting", details: { state: "idle", runId: null } });
      expect(await statusesOf(stage)).toEqual(["queued"]);
    });

    it("SYN-01 names the run that is in progress", async () => {
      const stage = await registered();
      const { sender, ref, world } = stage;
      const { operation, turns, finish } = waiting();
      const first = sender.runtime.acceptInputAndRun(ref, prompt("first"), operation);
      await world.settle();

      const error = await rejection(sender.runtime.acceptInputAndRun(ref, prompt("second"), echo));

      expect(error).toMatchObject({ details: { state: "running", runId: turns[0]?.runId } });
      finish();
      expect(await first).toBe("late");
    });

    it("SYN-02 fails when its boundary cannot be committed, and leaves the session idle and the input queued [O5]", async () => {
      const stage = await openStage();
      let isAway = true;
      const caller = await stage.process("caller", { wrap: withoutAdvance(() => isAway) });
      const { ref, world } = stage;
      await stage.register();

      const failed = rejection(caller.runtime.acceptInputAndRun(ref, keyed("k"), echo));
      await world.advance(world.timing.leaseMs);
      isAway = false;
      await world.advance(1_000);

      const error = await failed;
      expect(isAppError(error, "run.commit_failed") && error.message).toMatch(/^the runtime boundary commit failed/);
      expect(await stateOf(stage)).toBe("idle");
      expect(await statusesOf(stage)).toEqual(["queued"]);
      expect(await caller.runtime.listReceipts(ref, ALL)).toMatchObject({ items: [] });
    });

    it("SYN-04 is given up with its caller: the run is handed back, and the session goes on [O4]", async () => {
      const stage = await registered();
      const { sender, ref, world } = stage;
      const caller = new AbortController();
      const { operation, turns } = waiting();
      const answer = rejection(sender.runtime.acceptInputAndRun(ref, keyed("k"), operation, { signal: caller.signal }));
      await world.settle();
      expect(await stateOf(stage)).toBe("running");

      caller.abort(new Error("the browser is gone"));
      await world.advance(2_000);

      expect(await answer).toEqual(new Error("the browser is gone"));
      expect(turns[0]?.signal.aborted).toBe(true);
      expect(await stateOf(stage)).toBe("idle");
      expect(await statusesOf(stage)).toEqual(["queued"]);
    });

    it("SYN-04 is given up in the end by itself, and runs where the session is bound", async () => {
      const stage = await openStage();
      const { sender, ref, world } = stage;
      await stage.bind();
      await stage.worker("worker", recording());
      const { operation } = waiting();
      const answer = rejection(
        sender.runtime.acceptInputAndRun(ref, keyed("k", "one"), operation, { timeoutMs: 60_000 }),
      );

      await world.advance(63_000);

      expect(await answer).toMatchObject({ code: "wait.timeout" });
      expect(await sender.runtime.waitForOutcome(ref, { key: "k" })).toMatchObject({ output: "one" });
    });

    it("SYN-04 is buried when its process dies", async () => {
      const stage = await openStage();
      const { ref, world } = stage;
      const caller = await stage.process("caller");
      await stage.worker("worker", recording());
      await stage.register();
      const { operation } = waiting();
      caller.runtime.acceptInputAndRun(ref, keyed("k"), operation).catch(() => {});
      await world.settle();

      caller.kill();
      await world.advance(world.timing.leaseMs + 5_000);

      expect(await stateOf(stage)).toBe("idle");
      expect(await statusesOf(stage)).toEqual(["queued"]);
    });

    it("answers with what the operation threw, and queues the input again", async () => {
      const stage = await registered();
      const { sender, ref } = stage;
      const broken = async () => {
        throw new Error("the model is away");
      };

      const error = await rejection(sender.runtime.acceptInputAndRun(ref, prompt("one"), broken));

      expect(error).toEqual(new Error("the model is away"));
      expect(await statusesOf(stage)).toEqual(["queued"]);
      expect(await stateOf(stage)).toBe("idle");
    });

    it("DED-07 refuses a key that an active input has and names it; that input stays queued", async () => {
      const stage = await registered();
      const { sender, ref } = stage;
      const first = await sender.runtime.acceptInput(ref, keyed("k"));
      const existingId = (first as { inputId: InputId }).inputId;

      const error = await rejection(sender.runtime.acceptInputAndRun(ref, keyed("k"), echo));

      expect(error).toMatchObject({ code: "input.rejected", details: { existingId, status: "queued" } });
      expect(await statusesOf(stage)).toEqual(["queued"]);
    });

    it("refuses what would not run at once", async () => {
      const { sender, ref } = await registered();
      const operation = { kind: "operation", operationId: "o", event: { type: "progress" } } as const;
      const later = { ...prompt("later"), notBefore: "2030-01-01T00:00:00Z" };

      for (const input of [operation, later]) {
        const error = await rejection(sender.runtime.acceptInputAndRun(ref, input, echo));
        expect(error).toMatchObject({ code: "input.rejected" });
      }
    });
  });
}
