/** Runs that are asked to end: by whom, while they wait for what, and how often. */
import type { ExecutorResult, RequestId } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import type { Turn } from "../../src/index.ts";
import { Door } from "../support/calls.ts";
import { executor, textsOf } from "../support/executors.ts";
import { send } from "../support/send.ts";
import type { OpenStage } from "./stage.ts";

const ALL = { after: 0, limit: 100 };
const requestId = (name: string) => `req_${name}` as RequestId;

/** What a turn may wait for. */
const WAITS: readonly [ids: string, what: string, wait: (turn: Turn) => Promise<unknown>][] = [
  ["CNF-17", "a model", ({ signal }) => waiting(signal)],
  ["CNF-18", "a tool", (turn) => turn.step("tool", () => waiting(turn.signal))],
  ["CNF-18", "a tool that ignores its signal", (turn) => turn.step("tool", () => new Promise(() => {}))],
  ["CTL-06", "an input", (turn) => turn.attention()],
];

/** Proves the scenarios of interruptions on a store. */
export function describeInterruptions(openStage: OpenStage): void {
  describe("a run that is asked to end", () => {
    it.each(WAITS)("%s hears of it while it waits for %s, and is not tried again", async (_ids, _what, wait) => {
      const stage = await openStage();
      await stage.bind();
      const heard: number[] = [];
      const turns: Turn[] = [];
      const host = executor((turn): Promise<ExecutorResult> => {
        turns.push(turn);
        turn.signal.addEventListener("abort", () => heard.push(stage.world.clock.monotonic()));
        return wait(turn).then(() => ({ kind: "completed" }));
      });
      await stage.worker("worker", host);
      const { inputId, completion } = await send(stage.sender, stage.ref, "one");
      await stage.world.advance(5_000);
      expect(heard).toEqual([]);
      const askedAt = stage.world.clock.monotonic();

      await stage.sender.runtime.interruptCurrentRun(stage.ref, { requestId: requestId("end") });
      await stage.world.advance(10);
      expect(heard).toEqual([askedAt]);
      await stage.world.advance(60_000);

      expect(await completion).toMatchObject({ kind: "cancelled", attempts: 1 });
      expect(turns).toHaveLength(1);
      const state = await stage.sender.runtime.inputState(stage.ref, { inputId });
      expect(state).toMatchObject({ status: "abandoned", outcome: { kind: "cancelled" } });
      expect(state?.history.map(({ to }) => to)).toEqual(["queued", "staged", "abandoned"]);
      expect(await stage.sender.runtime.runtimeState(stage.ref)).toBe("attached");
    });

    it("CTL-07 can be asked once for each turn: the next one by a request of its own", async () => {
      const { stage, boundary, ask } = await atBoundaries(openStage);
      const [first, second] = [await send(stage.sender, stage.ref, "one"), await send(stage.sender, stage.ref, "two")];
      await stage.world.advance(100);
      const reports = [await ask("a"), await ask("b"), await ask("a")];
      expect(reports).toEqual(reports.map(() => reports[0]));
      boundary.open();
      await stage.world.advance(100);
      expect(await first.completion).toMatchObject({ kind: "cancelled" });
      boundary.close();
      const third = await send(stage.sender, stage.ref, "three");
      await stage.world.advance(100);
      expect(await second.completion).toMatchObject({ kind: "completed_without_result" });

      await ask("c");
      boundary.open();
      await stage.world.advance(100);

      expect(await third.completion).toMatchObject({ kind: "cancelled" });
    });

    it("CTL-08 may ask again from its own boundary and from its own abort, and ends once", async () => {
      const stage = await openStage();
      await stage.bind();
      const { runtime } = stage.sender;
      const asked: Promise<unknown>[] = [];
      const ask = (name: string) => {
        asked.push(runtime.interruptCurrentRun(stage.ref, { requestId: requestId(name), at: "boundary" }));
      };
      let aborts = 0;
      const host = executor(async (turn): Promise<ExecutorResult> => {
        turn.signal.addEventListener("abort", () => {
          aborts += 1;
          ask(`abort ${aborts}`);
        });
        ask("turn");
        await asked[0];
        await turn.checkpoint({ state: textsOf(turn) });
        ask("boundary");
        turn.signal.throwIfAborted();
        return { kind: "completed" };
      });
      await stage.worker("worker", host);
      const first = await send(stage.sender, stage.ref, "one");

      await stage.world.advance(5_000);

      expect(await first.completion).toMatchObject({ kind: "cancelled" });
      expect(aborts).toBe(1);
      expect(asked).toHaveLength(3);
      await Promise.allSettled(asked);
      const { items } = await runtime.listReceipts(stage.ref, ALL);
      expect(items.map(({ result }) => result)).toEqual(["checkpointed", "cancelled"]);
      expect(await runtime.runtimeState(stage.ref)).toBe("attached");
    });
  });
}

function waiting(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error));
  });
}

/** Turns of one prompt each; "two" reaches no door on its way. */
async function atBoundaries(openStage: OpenStage) {
  const stage = await openStage();
  await stage.bind();
  const boundary = new Door();
  boundary.close();
  await stage.worker(
    "worker",
    executor(async (turn): Promise<ExecutorResult> => {
      if (textsOf(turn)[0] !== "two") await boundary.pass();
      await turn.checkpoint({ state: textsOf(turn) });
      turn.signal.throwIfAborted();
      return { kind: "completed" };
    }),
  );
  const ask = (name: string) => {
    return stage.sender.runtime.interruptCurrentRun(stage.ref, { requestId: requestId(name), at: "boundary" });
  };
  return { stage, boundary, ask };
}
