import { describe, expect, it } from "vitest";
import { startHarness } from "./harness.ts";

const params = { sessionId: "chat/42" };

/** A session with one dead letter; answers its id. */
async function withDeadLetter() {
  const harness = await startHarness();
  const body = { kind: "prompt", text: "x", idempotencyKey: "k" } as const;
  const sent = await harness.call("sendInput", { params, query: { executor: "fail", wait: 30 }, body });
  const { admission } = sent.body;
  if (admission.kind !== "accepted") throw new Error(`the input was ${admission.kind}`);
  return { ...harness, target: { ...params, inputId: admission.inputId } };
}

describe("a dead letter", () => {
  it("is redriven once per request id, with an edit [D52]", async () => {
    const { call, refuse, target } = await withDeadLetter();
    const sent = { params: target, headers: { "idempotency-key": '"op 1"' }, body: { edit: { text: "y" } } };

    const first = await call("redriveDeadLetter", sent);
    const again = await call("redriveDeadLetter", sent);

    expect(first.body.admission).toMatchObject({ kind: "accepted" });
    expect(again.body.admission).toMatchObject({ kind: "deduplicated" });
    expect(first.headers.get("holdfast-request-id")).toBe("op 1");
    await refuse("redriveDeadLetter", "input.not_dead_letter", { params: target });
  });

  it("is discarded once, and stays abandoned [D52]", async () => {
    const { call, refuse, target } = await withDeadLetter();

    await call("discardDeadLetter", { params: target });

    await refuse("discardDeadLetter", "input.not_dead_letter", { params: target });
    const listed = await call("listDeadLetters", { params });
    expect(listed.body.items).toEqual([]);
    expect((await call("getInput", { params: target })).body.outcome).toMatchObject({ kind: "abandoned" });
  });

  it("is told from an input that is not there, and from one of no session", async () => {
    const { refuse, target } = await withDeadLetter();

    await refuse("redriveDeadLetter", "input.not_found", { params: { ...params, inputId: "inp_unknown_1" } });
    await refuse("discardDeadLetter", "session.not_found", { params: { ...target, sessionId: "nowhere" } });
  });
});
