import { isAppError, MAX_USER_ID_BYTES } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { parseSessionRef } from "../../src/session/session-ref.ts";
import { thrownBy } from "../input/sample-input.ts";

describe("a session reference", () => {
  it.each(["chat/42", "a:b", "{x}", "é".normalize("NFC"), "日本", " ", "x".repeat(MAX_USER_ID_BYTES)])(
    "takes %j as it is",
    (sessionId) => {
      expect(parseSessionRef({ tenantId: "acme", sessionId })).toEqual({ tenantId: "acme", sessionId });
      expect(parseSessionRef({ tenantId: sessionId, sessionId: "s" })).toEqual({ tenantId: sessionId, sessionId: "s" });
    },
  );

  it.each([
    ["nothing", ""],
    ["a control character", "a\u0007b"],
    ["a lone surrogate", "a\ud800"],
    ["another normal form", "é".normalize("NFD")],
    ["one byte too many", `${"x".repeat(MAX_USER_ID_BYTES - 1)}é`],
  ])("refuses %s and says which name is meant", (_what, name) => {
    const session = thrownBy(() => parseSessionRef({ tenantId: "acme", sessionId: name }));
    const tenant = thrownBy(() => parseSessionRef({ tenantId: name, sessionId: "chat" }));

    expect(isAppError(session, "id.invalid")).toBe(true);
    expect(session).toMatchObject({ details: { what: "session" } });
    expect(tenant).toMatchObject({ code: "id.invalid", details: { what: "tenant" } });
  });
});
