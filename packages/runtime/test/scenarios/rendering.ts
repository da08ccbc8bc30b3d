/** What an executor sees of its inputs. */
import type { ContentBlock, NewInput, Origin } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import type { Turn } from "../../src/index.ts";
import { executor, holding } from "../support/executors.ts";
import type { OpenStage } from "./stage.ts";

const image: ContentBlock = { type: "image_ref", mediaType: "image/png", blob: "sha256" };
const text = (content: string): ContentBlock => ({ type: "text", text: content });

/** Proves the scenarios of rendering on a store. */
export function describeRendering(openStage: OpenStage): void {
  /** The primitive that an executor gets of one input. */
  async function primitiveOf(input: NewInput): Promise<Turn["primitive"]> {
    const stage = await openStage();
    const primitives: Turn["primitive"][] = [];
    await stage.bind();
    await stage.worker(
      "worker",
      executor(({ primitive }) => {
        primitives.push(primitive);
        return { kind: "completed" };
      }),
    );
    await stage.sender.runtime.acceptInput(stage.ref, input);
    await stage.world.settle();
    const [primitive] = primitives;
    if (primitive === undefined) throw new Error("no turn began");
    return primitive;
  }

  describe("rendering", () => {
    it("REN-02 a peer message with blocks names its sender, then shows the blocks, and not its body", async () => {
      const source: Origin = { type: "peer", peerId: "anna" };

      const primitive = await primitiveOf({
        kind: "peer",
        body: "look",
        blocks: [image],
        convention: { type: "message" },
        source,
      });

      expect(primitive).toMatchObject({ appends: [{ blocks: [text("[comms message from anna]"), image] }] });
    });

    it.each([
      ["its source", "weather", "External event from weather"],
      ["its type when the source is blank", "  ", "External event from alarm"],
    ])("REN-03 an external event without a body names %s", async (_name, sourceName, said) => {
      const source: Origin = { type: "external", sourceName };

      const primitive = await primitiveOf({ kind: "external_event", eventType: "alarm", payload: {}, source });

      expect(primitive).toMatchObject({ appends: [{ blocks: [text(said)] }] });
    });

    it("REN-05 a continuation appends nothing, and an operation is shown to no executor", async () => {
      const stage = await openStage();
      const { executor: held, turns } = holding();
      await stage.bind();
      await stage.worker("worker", held);

      await stage.sender.runtime.acceptInput(stage.ref, {
        kind: "operation",
        operationId: "op",
        event: { type: "completed" },
      });
      await stage.sender.runtime.acceptInput(stage.ref, { kind: "continuation", reason: "more to do" });
      await stage.world.settle();

      expect(turns.map(({ turn }) => turn.inputs.map(({ kind }) => kind))).toEqual([["continuation"]]);
      expect(turns[0]?.turn.primitive).toMatchObject({ appends: [], contextAppends: [] });
    });

    it("REN-07 a steered prompt arrives with all it said", async () => {
      const blocks = [text("look at this"), image];
      const turnMetadata = { handlingMode: "steer", model: "m", additionalInstructions: ["be brief"] } as const;

      const primitive = await primitiveOf({
        kind: "prompt",
        text: "look at this",
        blocks,
        turnMetadata: { ...turnMetadata, additionalInstructions: ["be brief"] },
      });

      expect(primitive).toMatchObject({ appends: [{ role: "user", blocks }], turnMetadata });
    });
  });
}
