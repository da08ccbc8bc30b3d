import { describe, expect, it } from "vitest";
import { refOf, startHarness } from "./harness.ts";

const params = { sessionId: "chat/42" };
const prompt = { kind: "prompt", text: "x" };

describe("a submission under a bound", () => {
  it("is admitted once, and says what to do next", async () => {
    const { call } = await startHarness();
    const sent = { params, query: { executor: "park" }, headers: { "idempotency-key": "k" }, body: prompt };

    const first = await call("submitInput", sent);
    const again = await call("submitInput", sent);

    expect(first.body).toMatchObject({ kind: "admitted", advice: "wait", boundMs: 30_000 });
    expect(again.body).toMatchObject({ kind: "collapsed", advice: "wait" });
  });

  it("takes its key from the body as well, and needs one", async () => {
    const { call, refuse } = await startHarness();
    await call("ensureSession", { params });

    const { body } = await call("submitInput", { params, body: { ...prompt, idempotencyKey: "k" } });

    expect(body.kind).toBe("admitted");
    await refuse("submitInput", "id.invalid", { params, body: prompt });
  });

  it("with no time answers from what the store can testify", async () => {
    const { call } = await startHarness();
    const sent = { params, query: { boundMs: 0 }, headers: { "idempotency-key": "k" }, body: prompt };

    const { body } = await call("submitInput", sent);

    expect(body).toMatchObject({ kind: "timed_out", cause: "bound_expired", boundMs: 0 });
  });

  it.each([null, [], "text", 5])("of %j is refused as what is no input", async (body) => {
    const { call } = await startHarness();

    const reply = await call("submitInput", { params, headers: { "idempotency-key": "k" }, body });

    expect(reply.body).toMatchObject({ kind: "refused", refusal: { code: "input.invalid" }, advice: "fix_request" });
  });

  it.each(["60001", "-1", "1.5", "soon"])("refuses the bound %s", async (boundMs) => {
    const { refuse } = await startHarness();
    const sent = { params, query: { boundMs }, headers: { "idempotency-key": "k" }, body: prompt };

    await refuse("submitInput", "request.invalid", sent);
  });
});

describe("the status of work", () => {
  it("is that of the input, by id and by key, and of its run", async () => {
    const { call } = await startHarness();
    const body = { ...prompt, idempotencyKey: "k" };
    const sent = await call("sendInput", { params, query: { executor: "echo", wait: 30 }, body });
    const { admission } = sent.body;
    const inputId = admission.kind === "accepted" ? admission.inputId : "";

    const byId = await call("getInteraction", { params: { ...params, inputId } });
    const byKey = await call("getInteractionByKey", { params, query: { key: "k" } });
    const run = await call("getRunStatus", { params: { ...params, runId: byId.body.runId ?? "" } });

    expect(byId.body).toMatchObject({ inputId, key: "k", phase: "consumed", outcome: { kind: "completed" } });
    expect(byKey.body.inputId).toBe(inputId);
    expect(run.body).toMatchObject({ resolution: { kind: "resolved", as: "consumed" }, witnesses: [inputId] });
  });

  it("of a run that nobody was in is no failure", async () => {
    const { call } = await startHarness();

    const { body } = await call("getRunStatus", { params: { ...params, runId: "run_12345678" } });

    expect(body.resolution).toEqual({ kind: "no_durable_witness" });
  });

  it("of an unknown input is a 404", async () => {
    const { refuse } = await startHarness();

    await refuse("getInteraction", "input.not_found", { params: { ...params, inputId: "inp_12345678" } });
    await refuse("getInteractionByKey", "input.not_found", { params, query: { key: "k" } });
    await refuse("getInteraction", "id.invalid", { params: { ...params, inputId: "run_12345678" } });
  });
});

it("an input that wakes nobody waits for the next that does", async () => {
  const { call } = await startHarness();
  await call("ensureSession", { params, body: { binding: { executor: "echo" } } });

  const quiet = await call("sendInput", { params, query: { wake: "false" }, body: prompt });
  const before = await call("getSession", { params });
  await call("sendInput", { params, query: { wait: 30 }, body: prompt });

  expect(quiet.body.admission).toMatchObject({ signal: "none" });
  expect(before.body).toMatchObject({ queued: 1, position: 0 });
  expect((await call("getSession", { params })).body.queued).toBe(0);
});

describe("a suspended run", () => {
  it("goes on with the value it is resumed with", async () => {
    const { call, refuse, runtime } = await startHarness();
    const body = { ...prompt, idempotencyKey: "k" };
    await call("sendInput", { params, query: { executor: "ask" }, body });
    const events = runtime.followEvents(refOf(params.sessionId), { after: 0, signal: new AbortController().signal });
    let runId = "";
    for await (const { event } of events) {
      if (event.type !== "run.suspended") continue;
      runId = event.runId;
      break;
    }

    const { headers } = await call("resumeRun", {
      params: { ...params, runId },
      body: { requestId: "r", value: "yes" },
    });

    const outcome = await call("getOutcomeByKey", { params, query: { key: "k", wait: 30 } });
    expect(outcome.body).toMatchObject({ kind: "completed", output: "yes" });
    expect(headers.get("holdfast-request-id")).toBe("r");
    await refuse("resumeRun", "run.not_suspended", { params: { ...params, runId: "run_12345678" } });
  });
});

describe("background operations", () => {
  it("are listed, and those that ended are in the feed", async () => {
    const { call, runtime } = await startHarness();
    const { ops } = await runtime.prepareBindings(refOf(params.sessionId));
    const kind = "background_tool_op";
    const done = await ops.register({ kind, displayName: "index" });
    await ops.provisioningSucceeded(done.operationId);
    await ops.completeOperation(done.operationId, { files: 3 });
    await ops.register({ kind, displayName: "watch" });

    const listed = await call("listOperations", { params });
    const feed = await call("listCompletions", { params });
    const behind = await call("listCompletions", { params, query: { after: 1 } });

    expect(listed.body.items).toMatchObject([
      { displayName: "index", status: "completed", outcome: { kind: "completed", result: { files: 3 } } },
      { displayName: "watch", status: "provisioning", outcome: null, completedAt: null },
    ]);
    expect(feed.body).toMatchObject({ items: [{ seq: 1, displayName: "index" }], watermark: 1, droppedThrough: 0 });
    expect(behind.body).toMatchObject({ items: [], watermark: 1 });
  });

  it("of an unknown session are a 404", async () => {
    const { refuse } = await startHarness();

    await refuse("listOperations", "session.not_found", { params });
    await refuse("listCompletions", "session.not_found", { params });
  });
});

describe("an obligation", () => {
  it("of a session that is not on its way out is ignored", async () => {
    const { call, refuse } = await startHarness();
    await call("ensureSession", { params });

    const { body } = await call("closeObligation", { params: { ...params, obligation: "loop" } });

    expect(body).toEqual({ kind: "ignored" });
    await refuse("closeObligation", "request.invalid", { params: { ...params, obligation: "rent" } });
  });
});
