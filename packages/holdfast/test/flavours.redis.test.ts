import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, inject, it, vi } from "vitest";
import {
  createFileBlobs,
  defineExecutor,
  type Holdfast,
  type NewInput,
  persistent,
  persistentWithoutBlobs,
  type Report,
} from "../src/index.ts";

const opened: Holdfast[] = [];
const data = Buffer.from("picture").toString("base64");
const pictured = {
  kind: "prompt",
  text: "look",
  idempotencyKey: "msg-1",
  blocks: [{ type: "image", mediaType: "image/png", data }],
} as NewInput;

const reader = defineExecutor("reader", async (turn) => {
  const [input] = turn.inputs;
  const block = input?.kind === "prompt" ? input.blocks?.[0] : undefined;
  const image = block?.type === "image_ref" ? Buffer.from(await turn.blob(block.blob)).toString() : null;
  return turn.complete({ output: image });
});

afterEach(async () => {
  for (const holdfast of opened.splice(0)) await holdfast.close();
});

function storeOf(name: string) {
  return { redis: inject("redisUrl"), namespace: `test.${process.pid}.${name}`, buckets: 4 };
}

it("keeps images and large content where it is told, reads them there, and removes them with their session", async () => {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-flavours-"));
  const holdfast = await persistent({
    store: storeOf("kept"),
    blobs: createFileBlobs(directory),
    executors: [reader],
  });
  opened.push(holdfast);
  const chat = holdfast.session("chat/42", { executor: "reader" });

  const { completion } = await chat.send(pictured);

  expect(await completion).toMatchObject({ kind: "completed", output: "picture" });
  const [tenant] = await readdir(directory);
  const [session] = await readdir(join(directory, tenant as string));
  const blobs = join(directory, tenant as string, session as string);
  expect(await readdir(blobs)).toHaveLength(1);
  const text = "x".repeat(100_000);
  const large = await chat.send({ key: "msg-2", text });
  expect(await large.completion).toMatchObject({ kind: "completed" });
  expect(await readdir(blobs)).toHaveLength(2);
  expect(await holdfast.runtime.inputState(chat.ref, { inputId: large.inputId })).toMatchObject({ input: { text } });
  await holdfast.runtime.destroy(chat.ref);
  // The worker's sweeper removes them, in its own time.
  await vi.waitFor(async () => expect(await readdir(join(directory, tenant as string))).toEqual([]), 30_000);
  await rm(directory, { recursive: true });
});

it("without blobs refuses an image, takes all else, and warns of every session once", async () => {
  const reports: Report[] = [];
  const holdfast = await persistentWithoutBlobs({
    store: storeOf("refused"),
    executors: [reader],
    onReport: (report) => reports.push(report),
  });
  opened.push(holdfast);
  const chats = ["chat/1", "chat/2"].map((id) => holdfast.session(id, { executor: "reader" }));

  for (const chat of chats) {
    await expect(chat.send(pictured)).rejects.toMatchObject({ code: "blob.unsupported" });
    for (const key of ["msg-2", "msg-3"]) {
      const { completion } = await chat.send({ key, text: "hello" });
      expect(await completion).toMatchObject({ kind: "completed" });
    }
    expect(await holdfast.runtime.inputState(chat.ref, { key: "msg-1" as never })).toBeNull();
  }

  const warnings = reports.filter(({ phrase }) => phrase === "session keeps no blobs");
  expect(warnings).toEqual(chats.map(({ ref }) => ({ level: "warn", phrase: expect.any(String), fields: { ref } })));
});
