/** Blobs that nothing refers to any more, and those that something does. */
import type { NewInput } from "@holdfast/contracts";
import { expect, it } from "vitest";
import { blobNameOf, sha256 } from "../../src/index.ts";
import { unavailable } from "../support/bound-session.ts";
import { executor, recording } from "../support/executors.ts";
import { rejection } from "../support/rejection.ts";
import { keyed, send } from "../support/send.ts";
import type { OpenStage } from "./stage.ts";

const COLLECT_MS = 10_000;
const TIMING = { timing: { collectAfterMs: COLLECT_MS } };

function picture(content: string) {
  const data = Buffer.from(content).toString("base64");
  const blocks = [{ type: "image", mediaType: "image/png", data }];
  return { name: blobNameOf(sha256, data), input: { ...keyed(content, content), blocks } as NewInput };
}

/** What every store keeps of its blobs, and for how long. */
export function describeCollection(openStage: OpenStage): void {
  it("removes the blob of an admission that was never heard of, and none that an input refers to [D57, D58]", async () => {
    const stage = await openStage(TIMING);
    const { world, ref, sender } = stage;
    await stage.bind();
    const [kept, orphan] = [picture("kept"), picture("orphan")];
    await send(sender, ref, kept.input);
    const dying = await stage.process("dying", {
      wrap: (store) => ({ ...store, ledger: { ...store.ledger, admit: async () => unavailable() } }),
    });
    await rejection(dying.runtime.acceptInput(ref, orphan.input));
    const { blobs } = world.store;
    expect(await blobs.find(ref, orphan.name)).not.toBeNull();

    await stage.worker("worker", recording());
    await world.advance(COLLECT_MS / 2);
    expect(await blobs.find(ref, orphan.name)).not.toBeNull();
    await world.advance(COLLECT_MS);

    expect(await blobs.find(ref, orphan.name)).toBeNull();
    expect(await blobs.find(ref, kept.name)).not.toBeNull();
  });

  it("keeps a blob that the state alone refers to, until the state is another [D58]", async () => {
    const stage = await openStage(TIMING);
    const { world, ref, sender } = stage;
    await stage.bind();
    const name = blobNameOf(sha256, "of the state");
    await world.store.blobs.put(ref, name, Buffer.from("of the state"));
    const states: unknown[] = [{ pictures: [name] }, { pictures: [] }];
    await stage.worker(
      "worker",
      executor(() => ({ kind: "completed", state: states.shift() })),
    );
    await send(sender, ref, picture("first").input);
    await world.advance(2 * COLLECT_MS);
    expect(await world.store.blobs.find(ref, name)).not.toBeNull();

    await send(sender, ref, picture("second").input);
    await world.advance(2 * COLLECT_MS);

    expect(await world.store.blobs.find(ref, name)).toBeNull();
  });

  it("removes the blobs of a session that is destroyed, and what somebody puts after that [D55, D57]", async () => {
    const stage = await openStage(TIMING);
    const { world, ref, sender } = stage;
    await stage.bind();
    await stage.worker("worker", recording());
    const { name, input } = picture("gone");
    await send(sender, ref, input);

    await sender.runtime.destroy(ref);
    await world.advance(2_000);
    expect(await world.store.blobs.find(ref, name)).toBeNull();

    expect(await rejection(sender.runtime.acceptInput(ref, picture("late").input))).toMatchObject({
      code: "session.destroyed",
    });
    await world.advance(2 * COLLECT_MS);
    expect(await world.store.blobs.find(ref, picture("late").name)).toBeNull();
  });

  it("ends its looks once there is nothing to wait for [D57]", async () => {
    const stage = await openStage(TIMING);
    const { world, ref, sender } = stage;
    await stage.bind();
    const { calls } = await stage.worker("worker", recording());
    await send(sender, ref, picture("kept").input);
    await world.advance(2 * COLLECT_MS);

    expect(calls.sweep).toBeGreaterThan(0);
    expect((await world.store.ledger.sweep(10)).map(({ part }) => part)).not.toContain("blobs");
  });
}
