import { parseSessionRef } from "@holdfast/domain";
import type { SessionRuntime } from "@holdfast/runtime";
import { expect, it } from "vitest";
import { createSessionHandle } from "../src/session-handle.ts";

const ref = parseSessionRef({ tenantId: "acme", sessionId: "chat/42" });

/** Never asked: what is wrong with the options is found before. */
const runtime = {} as SessionRuntime;

it("refuses to bind a session to what is no executor's name", () => {
  expect(() => createSessionHandle(runtime, ref, { executor: "my executor" })).toThrow(
    expect.objectContaining({ name: "AppError", code: "request.invalid" }),
  );
});

it("says which option is at fault", () => {
  expect(() => createSessionHandle(runtime, ref, { executor: "my executor" })).toThrow(
    /^a session's executor is not an executor name/,
  );
});
