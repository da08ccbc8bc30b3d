import { parseSessionRef } from "@holdfast/domain";
import type { SessionRuntime } from "@holdfast/runtime";
import { expect, it } from "vitest";
import { createSessionHandle } from "../src/session-handle.ts";

const ref = parseSessionRef({ tenantId: "acme", sessionId: "chat/42" });

/** A runtime of a process that is not closing. */
const open = (runtime: SessionRuntime) => ({ runtime, isClosed: () => false });

/** Never asked: what is wrong with the options is found before. */
const runtime = {} as SessionRuntime;

it("refuses to bind a session to what is no executor's name", () => {
  expect(() => createSessionHandle(open(runtime), ref, { executor: "my executor" })).toThrow(
    expect.objectContaining({ name: "AppError", code: "request.invalid" }),
  );
});

it("answers with the outcome of what was consumed as it was accepted, which nothing is awaited of", async () => {
  const outcome = { kind: "completed_without_result" };
  const admission = { kind: "accepted", inputId: "inp_1" };
  const consuming = {
    acceptInputWithCompletion: async () => ({ admission, completion: null }),
    waitForOutcome: async (_ref: unknown, target: object) => ({ ...outcome, ...target }),
  } as unknown as SessionRuntime;

  const sent = await createSessionHandle(open(consuming), ref, undefined).send({
    kind: "operation",
    operationId: "build",
    event: { type: "completed" },
  });

  expect(sent).toMatchObject({ admission, inputId: "inp_1" });
  expect(await sent.completion).toEqual({ ...outcome, inputId: "inp_1" });
});

it("says which option is at fault", () => {
  expect(() => createSessionHandle(open(runtime), ref, { executor: "my executor" })).toThrow(
    /^a session's executor is not an executor name/,
  );
});

it("sends nothing once its process is closing, and says so", async () => {
  const sending = createSessionHandle({ runtime, isClosed: () => true }, ref, undefined).send({ text: "late" });

  await expect(sending).rejects.toMatchObject({ code: "runtime.terminated" });
});
