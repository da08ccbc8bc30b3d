import { describe, expect, it } from "vitest";
import { problemOf, startHarness } from "./harness.ts";

describe("a session whose id looks like a step in a path", () => {
  it.each([".", "..", "~", "~Li4", "a/../b", "%2e%2e", "\u{FEFF}"])("is reached by its id: %j (A7)", async (id) => {
    const { call } = await startHarness();
    const params = { sessionId: id };

    const made = await call("ensureSession", { params });
    const found = await call("getSession", { params });
    const listed = await call("listSessions");

    expect(made.body.sessionId).toBe(id);
    expect(found.body.sessionId).toBe(id);
    expect(listed.body.items).toEqual([{ sessionId: id }]);
  });

  it("is reached in base64url by hand, also with a tilde that is percent-encoded (A7)", async () => {
    const { fetch } = await startHarness();

    const made = await fetch("/v1/sessions/~Li4", { method: "PUT" });
    const found = await fetch("/v1/sessions/%7ELi4");

    expect(await made.json()).toMatchObject({ sessionId: ".." });
    expect(await found.json()).toMatchObject({ sessionId: ".." });
  });

  it("is refused when what follows the tilde is no base64url", async () => {
    const { fetch } = await startHarness();

    const { body } = await problemOf(await fetch("/v1/sessions/~chat"));

    expect(body).toMatchObject({ code: "id.invalid", details: { issues: [{ in: "params", path: "/sessionId" }] } });
  });
});
