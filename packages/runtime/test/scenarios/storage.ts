/** What the store keeps: before it answers, and whatever becomes of a single row. */
import type { InputId, SessionRef } from "@holdfast/contracts";
import { expect, it } from "vitest";
import type { Store } from "../../src/index.ts";
import { recording, textOf } from "../support/executors.ts";
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
