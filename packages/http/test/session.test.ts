import type { Receipt, RunId } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { refOf, startHarness } from "./harness.ts";

const prompt = (text: string) => ({ kind: "prompt", text });

describe("creating a session", () => {
  it("registers without a binding, and says what may be done with it", async () => {
    const { call } = await startHarness();

    const { status, body } = await call("ensureSession", { params: { sessionId: "chat/42" } });

    expect(status).toBe(200);
    expect(body).toMatchObject({ sessionId: "chat/42", phase: "idle", state: "idle", binding: null, admitted: 0 });
    expect(body.legalVerbs).toContain("retire");
    expect(body).not.toHaveProperty("ref");
  });

  it("binds to an executor and takes settings, and does the same again for a repeat", async () => {
    const { call } = await startHarness();
    const sent = {
      params: { sessionId: "s" },
      body: { binding: { executor: "echo", onFailure: "defer" }, settings: { silentIntents: ["ping"] } },
    };

    const first = await call("ensureSession", sent);
    const second = await call("ensureSession", sent);

    expect(first.body).toMatchObject({ state: "attached", binding: sent.body.binding, settings: sent.body.settings });
    expect(second.body).toMatchObject({ state: "attached", binding: sent.body.binding, settings: sent.body.settings });
  });

  it.each([
    [{ binding: {} }, "/binding/executor"],
    [{ binding: { executor: "no spaces" } }, "/binding/executor"],
    [{ binding: { executor: "echo", onFailure: "explode" } }, "/binding/onFailure"],
    [{ settings: { silentIntents: "all" } }, "/settings/silentIntents"],
    [{ tenantId: "other" }, ""],
    [[], ""],
    [null, ""],
  ])("refuses the body %j and points at the fault", async (body, path) => {
    const { refuse } = await startHarness();

    const reply = await refuse("ensureSession", "request.invalid", { params: { sessionId: "s" }, body });

    expect(reply.status).toBe(400);
    expect(reply.body.details).toMatchObject({ issues: [{ in: "body", path }] });
  });

  it("refuses a destroyed one for good", async () => {
    const { call, refuse } = await startHarness();
    const params = { sessionId: "s" };
    await call("ensureSession", { params });
    await call("controlSession", { params: { ...params, verb: "destroy" } });

    const { status } = await refuse("ensureSession", "session.destroyed", { params });

    expect(status).toBe(410);
  });
});

describe("finding sessions", () => {
  it("lists each once over pages", async () => {
    const { call } = await startHarness();
    const ids = Array.from({ length: 7 }, (_, index) => `chat/${index}`);
    for (const sessionId of ids) await call("ensureSession", { params: { sessionId } });

    const seen: string[] = [];
    let after: string | null = null;
    do {
      const query: Record<string, string | number> = after === null ? { limit: 3 } : { limit: 3, after };
      const { body } = await call("listSessions", { query });
      seen.push(...body.items.map(({ sessionId }) => sessionId));
      after = body.next;
    } while (after !== null);

    expect(new Set(seen)).toEqual(new Set(ids));
    expect(seen).toHaveLength(ids.length);
  });

  it("tells one tenant nothing of another's (G13)", async () => {
    const { call, runtime } = await startHarness({ tenantId: "acme" });
    await runtime.registerSession(refOf("secret", "globex"));

    const { body } = await call("listSessions");

    expect(body.items).toEqual([]);
  });

  it.each(["getSession", "getState", "explainSession", "listReceipts", "listInputs", "listDeadLetters"] as const)(
    "answers %s of an unknown session with 404",
    async (name) => {
      const { refuse } = await startHarness();

      const { status } = await refuse(name, "session.not_found", { params: { sessionId: "nobody" } });

      expect(status).toBe(404);
    },
  );
});

describe("what a session holds", () => {
  it("shows state, view and receipts of a committed run", async () => {
    const { call } = await startHarness();
    const params = { sessionId: "s" };
    const query = { executor: "echo", wait: 30 };
    const before = await call("ensureSession", { params, body: { binding: { executor: "echo" } } });
    await call("sendInput", { params, query, body: prompt("hello") });

    const state = await call("getState", { params });
    const receipts = await call("listReceipts", { params });
    const view = await call("getSession", { params });

    expect(before.body.position).toBe(0);
    expect(state.body).toEqual({ state: { last: "hello" }, position: 1 });
    expect(receipts.body).toMatchObject({ items: [{ position: 1, sequence: 1, result: "completed" }], next: null });
    expect(view.body).toMatchObject({ admitted: 1, queued: 0, position: 1, digest: receipts.body.items[0]?.digest });
  });

  it("shows no state before the first commit", async () => {
    const { call } = await startHarness();
    await call("ensureSession", { params: { sessionId: "s" } });

    const { body } = await call("getState", { params: { sessionId: "s" } });

    expect(body).toEqual({ state: null, position: 0 });
  });

  it("finds a receipt by its boundary", async () => {
    const { call, refuse } = await startHarness();
    const params = { sessionId: "s" };
    await call("sendInput", { params, query: { executor: "echo", wait: 30 }, body: prompt("hello") });
    const [receipt] = (await call("listReceipts", { params })).body.items as [Receipt];

    const found = await call("getReceipt", { params: { ...params, runId: receipt.runId, sequence: "1" } });

    expect(found.body).toEqual(receipt);
    await refuse("getReceipt", "receipt.not_found", { params: { ...params, runId: receipt.runId, sequence: "2" } });
  });

  it.each([
    [{ runId: "run_12345678", sequence: "0" }, "request.invalid"],
    [{ runId: "run_12345678", sequence: "one" }, "request.invalid"],
    [{ runId: "not-a-run" as RunId, sequence: "1" }, "id.invalid"],
  ] as const)("refuses the boundary %j", async (boundary, code) => {
    const { refuse } = await startHarness();

    await refuse("getReceipt", code, { params: { sessionId: "s", ...boundary } });
  });

  it("explains what an unbound session waits for", async () => {
    const { call } = await startHarness();
    const params = { sessionId: "s" };
    await call("ensureSession", { params });
    await call("sendInput", { params, body: prompt("hello") });

    const { body } = await call("explainSession", { params });

    expect(body).toMatchObject({ phase: "idle", waitsFor: { kind: "binding" } });
    expect(body.summary).not.toBe("");
  });
});
