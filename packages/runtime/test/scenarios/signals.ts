/** What an admission asks its sender to send. */
import type { Admission, NewInput } from "@holdfast/contracts";
import { compareSignals, strongestSignal } from "@holdfast/domain";
import { event, progress, prompt } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import { holding, recording } from "../support/executors.ts";
import type { OpenStage, Stage } from "./stage.ts";

const steered: NewInput = { kind: "prompt", text: "now", turnMetadata: { handlingMode: "steer" } };
const peer: NewInput = { kind: "peer", body: "hi", source: { type: "peer", peerId: "peer" }, handlingMode: "steer" };

function signalOf(admission: Admission): string | null {
  return admission.kind === "accepted" ? admission.signal : null;
}

/** Proves the scenarios of signals on a store. */
export function describeSignals(openStage: OpenStage): void {
  async function bound(): Promise<Stage> {
    const stage = await openStage();
    await stage.bind();
    return stage;
  }

  describe("the signal of an admission", () => {
    it("SIG-01 is a wake for a prompt at rest, once: a repeat of it signals nothing", async () => {
      const { sender, ref, world } = await bound();
      const keyed = { ...prompt("hello"), idempotencyKey: "k" } as NewInput;

      expect(signalOf(await sender.runtime.acceptInput(ref, keyed))).toBe("wake");
      await world.settle();

      expect(await sender.runtime.acceptInput(ref, keyed)).toMatchObject({ kind: "deduplicated" });
      expect(await sender.runtime.acceptInput(ref, keyed)).not.toHaveProperty("signal");
    });

    it("SIG-02 asks for what is steered to be taken up at once, also at rest", async () => {
      const stage = await bound();
      const { sender, ref, world } = stage;
      await stage.worker("worker", recording());

      const admission = await sender.runtime.acceptInput(ref, steered);
      await world.settle();

      expect(admission).toMatchObject({ signal: "immediate", policy: { isImmediate: true, lane: "steer" } });
      expect(await sender.runtime.sessionState(ref)).toMatchObject({ state: ["now"] });
    });

    it("SIG-04 reaches the holder of a run for a steered peer message", async () => {
      const stage = await bound();
      const { sender, ref, world } = stage;
      const host = holding();
      await stage.worker("worker", host.executor);
      await sender.runtime.acceptInput(ref, prompt("first"));
      await world.settle();
      expect(host.turns).toHaveLength(1);

      expect(signalOf(await sender.runtime.acceptInput(ref, peer))).toBe("immediate");
      host.last().answer();
    });

    it("SIG-05 is none for a progress report, which sits in the steer lane and wakes nobody", async () => {
      const stage = await bound();
      const { sender, ref, world } = stage;
      const host = holding();
      await stage.worker("worker", host.executor);

      const admission = await sender.runtime.acceptInput(ref, progress("build"));
      await world.advance(10_000);

      expect(admission).toMatchObject({ signal: "none", policy: { lane: "steer", isImmediate: false } });
      expect(host.turns).toHaveLength(0);
    });

    it("SIG-06 is ordered by urgency, and several come to the strongest of them", () => {
      expect(compareSignals("none", "wake")).toBeLessThan(0);
      expect(compareSignals("wake", "immediate")).toBeLessThan(0);
      expect(strongestSignal(["none", "immediate", "wake", "none"])).toBe("immediate");
      expect(strongestSignal(["wake", "none"])).toBe("wake");
      expect(strongestSignal([])).toBe("none");
    });

    it("SIG-08 is lost without an executor: the input waits, with a warning, and runs once one is bound", async () => {
      const stage = await openStage();
      const { sender, ref, world } = stage;
      await stage.register();

      const admission = await sender.runtime.acceptInput(ref, prompt("hello"));

      expect(admission).toMatchObject({ kind: "accepted", status: "queued", signal: "none" });
      expect(sender.reports).toContainEqual({
        level: "warn",
        phrase: "input waits for an executor",
        fields: { ref },
      });
      await stage.worker("worker", recording());
      await stage.bind();
      await world.advance(5_000);
      expect(await sender.runtime.sessionState(ref)).toMatchObject({ state: ["hello"] });
    });

    it("is none without a wake, whatever is asked for, and the input runs with the next that wakes", async () => {
      const stage = await bound();
      const { sender, ref, world } = stage;
      await stage.worker("worker", recording());

      const quiet = await sender.runtime.acceptInputWithoutWake(ref, event("first"));
      await world.advance(5_000);
      expect(await sender.runtime.sessionState(ref)).toMatchObject({ position: 0 });
      expect(quiet).toMatchObject({ signal: "none", policy: { wake: "none" } });

      await sender.runtime.acceptInput(ref, event("second"));
      await world.advance(5_000);
      expect(await sender.runtime.sessionState(ref)).toMatchObject({ state: ["external_event", "external_event"] });
    });
  });
}
