import { describe, expect, it } from "vitest";
import { defineExecutor, ephemeral, type NewInput } from "../src/index.ts";

const echo = defineExecutor("echo", async (turn) => {
  const [input] = turn.inputs;
  const block = input?.kind === "prompt" ? input.blocks?.[0] : undefined;
  const image = block?.type === "image_ref" ? Buffer.from(await turn.blob(block.blob)).toString() : null;
  return turn.complete({ output: image ?? (input?.kind === "prompt" ? input.text : null) });
});

describe("ephemeral", () => {
  it("keeps sessions and images in the process, with the same answers as a store that lasts", async () => {
    const holdfast = await ephemeral({ executors: [echo] });
    const chat = holdfast.session("chat/42", { executor: "echo" });

    const sent = await chat.send({ key: "msg-1", text: "hello" });
    const again = await chat.send({ key: "msg-1", text: "hello" });
    const data = Buffer.from("picture").toString("base64");
    const blocks = [{ type: "image", mediaType: "image/png", data }];
    const pictured = await chat.send({ kind: "prompt", text: "look", blocks } as NewInput);

    expect(await sent.completion).toMatchObject({ kind: "completed", output: "hello" });
    expect(again.admission).toMatchObject({ kind: "deduplicated", existingId: sent.inputId });
    expect(await pictured.completion).toMatchObject({ kind: "completed", output: "picture" });
    await holdfast.close();
  });

  it("shares nothing with another one", async () => {
    const [one, other] = await Promise.all([ephemeral(), ephemeral()]);
    await one.runtime.registerSession(one.session("chat/42").ref);

    expect(await one.runtime.findSession(one.session("chat/42").ref)).not.toBeNull();
    expect(await other.runtime.findSession(other.session("chat/42").ref)).toBeNull();
    await Promise.all([one.close(), other.close()]);
  });

  it("refuses what every process refuses", async () => {
    await expect(ephemeral({ executors: [echo, echo] })).rejects.toMatchObject({ code: "config.invalid" });
  });
});
