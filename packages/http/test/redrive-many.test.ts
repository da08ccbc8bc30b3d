import { describe, expect, it } from "vitest";
import { type Harness, startHarness } from "./harness.ts";

const params = { sessionId: "chat/42" };

/** Sends an input that fails for good; answers its id. */
async function deadLetter({ call }: Harness): Promise<string> {
  const body = { kind: "prompt", text: "x" };
  const sent = await call("sendInput", { params, query: { executor: "fail", wait: 30 }, body });
  return sent.body.admission.kind === "accepted" ? sent.body.admission.inputId : "";
}

describe("a dead letter", () => {
  it("is found over the sessions", async () => {
    const harness = await startHarness();
    await deadLetter(harness);

    expect((await harness.call("listSessionsWithDeadLetters")).body.items).toEqual([params]);
  });

  it.each(["redriveDeadLetters", "redriveTenant"] as const)("is among those that %s sends again", async (name) => {
    const harness = await startHarness();
    const inputId = await deadLetter(harness);
    const sent = name === "redriveTenant" ? {} : { params };

    const none = await harness.call(name, { ...sent, body: { code: "other.reason" } });
    const all = await harness.call(name, { ...sent, body: { requestId: "r", limit: 10 } });
    const beyond = all.body.next === null ? all : await harness.call(name, { ...sent, body: { after: all.body.next } });

    expect(none.body).toMatchObject({ redriven: [], refused: [] });
    expect(all.body).toMatchObject({ redriven: [{ ...params, inputId }], refused: [] });
    expect(beyond.body.next).toBeNull();
  });

  it("is redriven in steps that are legal", async () => {
    const { refuse } = await startHarness();

    await refuse("redriveDeadLetters", "request.invalid", { params, body: { limit: 101 } });
    await refuse("redriveDeadLetters", "session.not_found", { params });
    await refuse("redriveTenant", "request.invalid", { body: { after: "nowhere" } });
  });
});
