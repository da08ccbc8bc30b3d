/** What the store keeps: before it answers, and whatever becomes of a single row. */
import { type InputId, isAppError, type NewInput, type SessionRef } from "@holdfast/contracts";
import { expect, it } from "vitest";
import type { Store } from "../../src/index.ts";
import { unavailable } from "../support/bound-session.ts";
import { executor, recording, textOf } from "../support/executors.ts";
import { rejection } from "../support/rejection.ts";
import { keyed, send } from "../support/send.ts";
import type { OpenStage } from "./stage.ts";

/** Makes the row of one input unreadable for whoever reads through the answer. */
export type Corrupt = (store: Store, target: { readonly ref: SessionRef; readonly inputId: InputId }) => Promise<Store>;

/** What every store keeps. */
export function describeStorage(openStage: OpenStage, corrupt: Corrupt): void {
  it("CNF-01 a durable input is stored before it is acknowledged", async () => {
    const stage = await openStage();
    const { world, ref } = stage;
    await stage.bind();
    const dying = await stage.process("dying", {
      // Dies between the store's answer and its own.
      wrap: (store) => ({
        ...store,
        ledger: {
          ...store.ledger,
          admit: async (command) => {
            const reply = await store.ledger.admit(command);
            expect(await store.archive.findInput(ref, command.input.id)).toMatchObject({ status: "queued" });
            return reply;
          },
        },
      }),
    });

    const admission = await dying.runtime.acceptInput(ref, keyed("key", "kept"));
    dying.kill();

    expect(admission).toMatchObject({ kind: "accepted", status: "queued" });
    const stored = await stage.sender.runtime.inputState(ref, { key: "key" });
    expect(stored).toMatchObject({ status: "queued", input: { text: "kept" } });
    await stage.worker("worker", recording());
    await world.advance(5_000);
    expect(await stage.sender.runtime.inputState(ref, { key: "key" })).toMatchObject({ status: "consumed" });
  });

  it("RCP-09 the stored payload of a prompt with an inline image has a reference only, whose blob a turn reads", async () => {
    const stage = await openStage();
    const { world, ref, sender } = stage;
    await stage.bind();
    const bytes = Buffer.from("not really a picture");
    const image = { type: "image", mediaType: "image/png", data: bytes.toString("base64") } as const;
    const blocks = [{ type: "text", text: "look" } as const, image];
    const input = { ...keyed("key", "look"), blocks } as NewInput;
    const sent = await send(sender, ref, input);
    const stored = await world.store.archive.findInput(ref, sent.inputId);
    const read: string[] = [];
    const missing: unknown[] = [];

    await stage.worker(
      "worker",
      executor(async (turn) => {
        const [first] = turn.inputs;
        const block = first?.kind === "prompt" ? first.blocks?.[1] : undefined;
        if (block?.type === "image_ref") read.push(Buffer.from(await turn.blob(block.blob)).toString());
        missing.push(await rejection(turn.blob("sha256-none")));
        return { kind: "completed" };
      }),
    );
    await world.advance(5_000);

    expect(stored?.payload).not.toContain(image.data);
    expect(JSON.parse(stored?.payload ?? "")).toMatchObject({
      blocks: [blocks[0], { type: "image_ref", mediaType: "image/png", blob: expect.stringMatching(/^sha256-/) }],
    });
    expect(read).toEqual(["not really a picture"]);
    expect(isAppError(missing[0], "blob.missing") && missing[0].details).toEqual({ blob: "sha256-none" });
    expect(await sender.runtime.acceptInput(ref, input)).toMatchObject({ kind: "deduplicated" });
  });

  it("keeps the image of an input that its sender runs itself as a reference, too", async () => {
    const stage = await openStage();
    const { world, sender, ref } = stage;
    await stage.register();
    const data = Buffer.from("picture").toString("base64");
    const blocks = [{ type: "image", mediaType: "image/png", data }];

    const read = await sender.runtime.acceptInputAndRun(ref, { ...keyed("key"), blocks } as NewInput, async (turn) => {
      const [first] = turn.inputs;
      const block = first?.kind === "prompt" ? first.blocks?.[0] : undefined;
      const value = block?.type === "image_ref" ? Buffer.from(await turn.blob(block.blob)).toString() : null;
      return { value, result: { kind: "completed" } };
    });

    expect(read).toBe("picture");
    const [stored] = (await world.store.archive.listInputs(ref, { after: 0, limit: 1 })).items;
    expect(stored?.payload).not.toContain(data);
  });

  it("admits nothing when a blob cannot be kept", async () => {
    const stage = await openStage();
    const { ref, sender } = stage;
    await stage.bind();
    const cut = await stage.process("cut", {
      wrap: (store) => ({ ...store, blobs: { ...store.blobs, put: async () => unavailable() } }),
    });
    const data = Buffer.from("picture").toString("base64");
    const blocks = [{ type: "image", mediaType: "image/png", data }];

    const error = await rejection(cut.runtime.acceptInput(ref, { ...keyed("key"), blocks } as NewInput));

    expect(isAppError(error, "store.unavailable")).toBe(true);
    expect(await sender.runtime.inputState(ref, { key: "key" })).toBeNull();
  });

  it("RCP-14 one corrupt row among many: the others load, and the corrupt one is named", async () => {
    const stage = await openStage();
    const { world, ref, sender } = stage;
    await stage.bind();
    const ids: InputId[] = [];
    for (const text of ["one", "two", "three"]) ids.push((await send(sender, ref, text)).inputId);
    const damaged = await corrupt(world.store, { ref, inputId: ids[1] as InputId });
    const reader = await stage.process("reader", { wrap: (store) => ({ ...store, archive: damaged.archive }) });

    const page = await reader.runtime.listInputs(ref, { after: 0, limit: 10 });

    expect(page.items.map(({ input }) => textOf(input))).toEqual(["one", "three"]);
    expect(page.corrupt).toEqual([ids[1]]);
    expect(await reader.runtime.inputState(ref, { inputId: ids[0] as InputId })).toMatchObject({ status: "queued" });
    expect(reader.reports).toContainEqual(
      expect.objectContaining({ level: "error", fields: expect.objectContaining({ inputIds: [ids[1]] }) }),
    );
  });
}
