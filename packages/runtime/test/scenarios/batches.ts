/** Which inputs become one run, and what that run is. */
import type { NewInput, TurnMetadata } from "@holdfast/contracts";
import { isAppError } from "@holdfast/contracts";
import { executionKindOf } from "@holdfast/domain";
import { prompt } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import type { Turn } from "../../src/index.ts";
import { executor, holding } from "../support/executors.ts";
import { send } from "../support/send.ts";
import type { OpenStage, Stage } from "./stage.ts";

const peer = (body: string, fields: Partial<NewInput> = {}): NewInput => {
  return { kind: "peer", body, convention: { type: "message" }, ...fields } as NewInput;
};
const step = (stepId: string, turnMetadata: TurnMetadata): NewInput => {
  return { kind: "flow_step", stepId, instructions: "go", turnMetadata };
};

/** Proves the scenarios of batching on a store. */
export function describeBatches(openStage: OpenStage): void {
  /** Everything is queued before a worker comes. */
  async function queued(
    inputs: readonly NewInput[],
  ): Promise<Stage & { readonly sent: Awaited<ReturnType<typeof send>>[] }> {
    const stage = await openStage();
    await stage.bind();
    const sent = [];
    for (const input of inputs) sent.push(await send(stage.sender, stage.ref, input));
    return { ...stage, sent };
  }

  /** What an executor sees of each turn. */
  async function turnsOf<T>(stage: Stage, see: (turn: Turn) => T): Promise<T[]> {
    const seen: T[] = [];
    const host = executor((turn) => {
      seen.push(see(turn));
      return { kind: "completed", output: turn.inputs.map(({ id }) => id).join() };
    });
    await stage.worker("worker", host);
    await stage.world.advance(10_000);
    return seen;
  }

  describe("batches", () => {
    it("BAT-01 two peer messages are one run, in order, and both waiters are told", async () => {
      const stage = await queued([peer("a"), peer("b")]);
      const ids = stage.sent.map(({ inputId }) => inputId);

      expect(await turnsOf(stage, ({ primitive }) => primitive)).toMatchObject([{ contributingInputIds: ids }]);

      const outcomes = await Promise.all(stage.sent.map(({ completion }) => completion));
      expect(outcomes).toMatchObject([
        { kind: "completed", output: ids.join() },
        { kind: "completed", output: ids.join() },
      ]);
      expect(outcomes[0]).toEqual(outcomes[1]);
    });

    it("BAT-03 two prompts are two runs, each with its own result", async () => {
      const stage = await queued([prompt("a"), prompt("b")]);

      const runs = await turnsOf(stage, ({ runId }) => runId);

      const outcomes = await Promise.all(stage.sent.map(({ completion }) => completion));
      expect(new Set(runs).size).toBe(2);
      expect(outcomes).toMatchObject(
        stage.sent.map(({ inputId }, index) => ({ kind: "completed", runId: runs[index], output: inputId })),
      );
    });

    it("BAT-08 prompts that were queued before a restart still get a run each", async () => {
      const stage = await queued([prompt("a"), prompt("b"), prompt("c")]);
      const first = await stage.worker("first", holding().executor);
      await stage.world.settle();
      first.kill();
      stage.sender.kill();

      const batches = await turnsOf({ ...stage }, ({ inputs }) => inputs.length);
      await stage.world.advance(10_000);

      expect(batches).toEqual([1, 1, 1]);
    });

    it("BAT-09 a run is attributed to what all of its inputs share, and to no objective of some", async () => {
      const of = (objectiveId: string) => ({ correlationId: "chat", objectiveId });
      const stage = await queued([peer("a", of("tidy")), peer("b", of("cook")), peer("c", of("tidy"))]);

      const seen = await turnsOf(stage, ({ primitive }) => primitive);

      expect(seen).toHaveLength(1);
      expect(seen[0]).toHaveProperty("causality", { correlationId: "chat" });
    });
  });

  describe("what a batch wishes for", () => {
    it("BAT-05 equal and different fields are joined, lists one after the other", async () => {
      const stage = await queued([
        step("a", { model: "m", additionalInstructions: ["1"] }),
        step("b", { model: "m", keepAlive: true, additionalInstructions: ["2"] }),
      ]);

      expect(await turnsOf(stage, ({ primitive }) => primitive)).toMatchObject([
        { turnMetadata: { model: "m", keepAlive: true, additionalInstructions: ["1", "2"] } },
      ]);
    });

    it("BAT-05 contradictory fields are refused by a code that names them, and the inputs run one by one", async () => {
      const stage = await queued([step("a", { model: "small" }), step("b", { model: "large" })]);
      const turns: unknown[] = [];
      const host = executor((turn) => {
        try {
          turns.push(turn.primitive.kind === "staged_input" && turn.primitive.turnMetadata.model);
        } catch (error) {
          turns.push(isAppError(error, "input.rejected") ? error.details : error);
          throw error;
        }
        return { kind: "completed" };
      });

      await stage.worker("worker", host);
      await stage.world.advance(10_000);

      expect(turns).toEqual([{ field: "model" }, "small", "large"]);
      const outcomes = await Promise.all(stage.sent.map(({ completion }) => completion));
      expect(outcomes.map(({ kind }) => kind)).toEqual(["completed_without_result", "completed_without_result"]);
      const [first] = (await stage.sender.runtime.listInputs(stage.ref, { after: 0, limit: 10 })).items;
      expect(first).toMatchObject({ failures: 1 });
    });

    it("BAT-06 only continuations resume what is pending, with content it is a turn", async () => {
      const continuation: NewInput = { kind: "continuation", reason: "more", handlingMode: "steer" };
      const steered: NewInput = { kind: "external_event", eventType: "e", payload: {}, handlingMode: "steer" };
      const kindsOf = async (inputs: readonly NewInput[]) => {
        return turnsOf(await queued(inputs), ({ inputs: staged, primitive }) => {
          return [staged.length, primitive.kind === "staged_input" ? primitive.executionKind : null];
        });
      };

      expect(await kindsOf([continuation, continuation])).toEqual([[2, "resume_pending"]]);
      expect(await kindsOf([continuation, steered])).toEqual([[2, "content_turn"]]);
      expect(executionKindOf([{ kind: "continuation" }, { kind: "prompt" }])).toBe("content_turn");
    });
  });
}
