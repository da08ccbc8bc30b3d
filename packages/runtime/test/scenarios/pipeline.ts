/** One input on its whole way, as a caller can follow it. */
import type { InputId, SessionState } from "@holdfast/contracts";
import { prompt } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import { executor } from "../support/executors.ts";
import type { OpenStage } from "./stage.ts";

const ALL = { after: 0, limit: 100 };

/** Proves the scenarios of the way of one input on a store. */
export function describePipeline(openStage: OpenStage): void {
  describe("a prompt of the queue lane", () => {
    it("FRM-01 RUN-02 is admitted, queued, staged, run, applied and consumed; its session runs and is attached", async () => {
      const stage = await openStage();
      await stage.bind();
      const { runtime } = stage.sender;
      const during: [SessionState, string | undefined, string][] = [];
      const host = executor(async (turn) => {
        const status = (await runtime.inputState(stage.ref, { inputId: turn.inputs[0]?.id as InputId }))?.status;
        during.push([await runtime.runtimeState(stage.ref), status, turn.runId]);
        return { kind: "completed", output: "done" };
      });
      const { admission, completion } = await runtime.acceptInputWithCompletion(stage.ref, prompt("hello"));
      expect(admission).toMatchObject({ kind: "accepted", status: "queued", policy: { lane: "queue" } });
      const before = (await runtime.listEvents(stage.ref, ALL)).items.at(-1)?.cursor ?? 0;

      await stage.worker("worker", host);
      await stage.world.advance(1_000);

      const [[, , runId] = [], ...more] = during;
      expect(more).toEqual([]);
      expect(during).toEqual([["running", "staged", runId]]);
      expect(await completion).toMatchObject({ kind: "completed", output: "done", runId, position: 1 });
      const { items } = await runtime.listEvents(stage.ref, { ...ALL, after: before });
      const inputId = admission.kind === "accepted" ? admission.inputId : "";
      expect(items.map(({ event }) => event)).toMatchObject([
        { type: "run.started", runId },
        { type: "input.staged", inputId, runId },
        { type: "run.completed", runId },
        { type: "input.applied", inputId, runId },
        { type: "input.consumed", inputId, runId },
      ]);
      const state = await runtime.inputState(stage.ref, { inputId: inputId as InputId });
      expect(state).toMatchObject({ status: "consumed", runId });
      expect(state?.history.map(({ to }) => to)).toEqual([
        "queued",
        "staged",
        "applied",
        "applied_pending",
        "consumed",
      ]);
      const { items: receipts } = await runtime.listReceipts(stage.ref, ALL);
      expect(receipts).toMatchObject([{ runId, sequence: 1, boundary: "run_start", contributors: [inputId] }]);
      expect(await runtime.runtimeState(stage.ref)).toBe("attached");
      expect(await runtime.listActiveInputs(stage.ref)).toEqual([]);
    });
  });
}
