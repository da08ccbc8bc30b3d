import { AppError } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { type Harness, startHarness, withMethods } from "./harness.ts";

const params = { sessionId: "chat/42" };
const prompt = (text: string, key?: string) => ({
  kind: "prompt",
  text,
  ...(key === undefined ? {} : { idempotencyKey: key }),
});

async function sendAndFinish({ call }: Harness, text: string, key?: string): Promise<string> {
  const query = { executor: "echo", wait: 30 };
  const { body } = await call("sendInput", { params, query, body: prompt(text, key) });
  if (body.admission.kind !== "accepted") throw new Error(`was ${body.admission.kind}`);
  return body.admission.inputId;
}

describe("sending", () => {
  it("admits to a session that exists", async () => {
    const { call } = await startHarness();
    await call("ensureSession", { params });

    const { status, body } = await call("sendInput", { params, body: prompt("hello") });

    expect(status).toBe(202);
    expect(body).toMatchObject({ admission: { kind: "accepted", admission: 1, status: "queued" } });
    expect(body).not.toHaveProperty("outcome");
  });

  it("creates a missing session bound to the executor it names", async () => {
    const { call } = await startHarness();

    await call("sendInput", { params, query: { executor: "park" }, body: prompt("hello") });

    const { body } = await call("getSession", { params });
    expect(body).toMatchObject({ binding: { executor: "park", onFailure: "hold" } });
  });

  it("leaves the binding of an existing session alone", async () => {
    const { call } = await startHarness();
    await call("ensureSession", { params, body: { binding: { executor: "park" } } });

    await call("sendInput", { params, query: { executor: "echo" }, body: prompt("hello") });

    const { body } = await call("getSession", { params });
    expect(body.binding).toMatchObject({ executor: "park" });
  });

  it("refuses an unknown session without an executor", async () => {
    const { refuse } = await startHarness();

    const { status } = await refuse("sendInput", "session.not_found", { params, body: prompt("hello") });

    expect(status).toBe(404);
  });

  it("waits for the outcome when asked to", async () => {
    const { call } = await startHarness();

    const query = { executor: "echo", wait: 30 };
    const { status, body } = await call("sendInput", { params, query, body: prompt("hello") });

    expect(status).toBe(202);
    expect(body).toMatchObject({ admission: { kind: "accepted" }, outcome: { kind: "completed", output: "hello" } });
  });

  it("answers with the admission alone when the wait is over first", async () => {
    const { call } = await startHarness();

    const query = { executor: "park", wait: 1 };
    const { status, body } = await call("sendInput", { params, query, body: prompt("hello") });

    expect(status).toBe(202);
    expect(body).not.toHaveProperty("outcome");
  });

  it("answers with the admission when the store goes away during the wait", async () => {
    const { call } = await startHarness({
      wrap: withMethods({ waitForOutcome: () => Promise.reject(new AppError("store.unavailable")) }),
    });

    const query = { executor: "echo", wait: 5 };
    const { status, body } = await call("sendInput", { params, query, body: prompt("hello") });

    expect(status).toBe(202);
    expect(body.admission.kind).toBe("accepted");
  });

  it("reports an input that breaks a rule of its kind with the reason", async () => {
    const { call, refuse } = await startHarness();
    await call("ensureSession", { params });
    const body = { ...prompt("x"), source: { type: "external", sourceName: "x" }, durability: "derived" };

    const reply = await refuse("sendInput", "input.rejected", { params, body });

    expect(reply.status).toBe(400);
    expect(reply.body.details).toEqual({ reason: "durability_violation" });
  });

  it("refuses an acknowledgement the store cannot give", async () => {
    const { call, refuse } = await startHarness();
    await call("ensureSession", { params });
    const headers = { "holdfast-minimum-ack": "replicated" };

    const { status } = await refuse("sendInput", "ack.unsupported", { params, headers, body: prompt("x") });

    expect(status).toBe(409);
  });

  it("takes an acknowledgement the store can give", async () => {
    const { call } = await startHarness();
    await call("ensureSession", { params });
    const headers = { "holdfast-minimum-ack": "memory" };

    const { body } = await call("sendInput", { params, headers, body: prompt("x") });

    expect(body.admission).toMatchObject({ kind: "accepted", ack: { level: "memory" } });
  });

  it("tells why a session takes no input", async () => {
    const { call, refuse } = await startHarness();
    await call("ensureSession", { params });
    await call("controlSession", { params: { ...params, verb: "retire" } });

    const reply = await refuse("sendInput", "session.not_accepting", { params, body: prompt("x") });

    expect(reply.status).toBe(409);
    expect(reply.body.details).toMatchObject({ phase: "retired" });
  });
});

describe("sending again", () => {
  it.each([
    ["the body", { body: prompt("hello", "msg-1") }],
    ["a quoted header", { body: prompt("hello"), headers: { "idempotency-key": '"msg-1"' } }],
    ["a bare header", { body: prompt("hello"), headers: { "idempotency-key": "msg-1" } }],
    ["both", { body: prompt("hello", "msg-1"), headers: { "idempotency-key": '"msg-1"' } }],
  ])("with the key in %s answers with the first input and its outcome (G7)", async (_where, sent) => {
    const harness = await startHarness();
    const inputId = await sendAndFinish(harness, "hello", "msg-1");

    const { status, headers, body } = await harness.call("sendInput", { params, ...sent });

    expect(status).toBe(200);
    expect(headers.get("idempotency-replayed")).toBe("true");
    expect(body).toMatchObject({
      admission: { kind: "deduplicated", existingId: inputId, status: "consumed" },
      outcome: { kind: "completed", output: "hello" },
    });
  });

  it("tells where an unfinished input stands (G7)", async () => {
    const { call } = await startHarness();
    await call("ensureSession", { params });
    await call("sendInput", { params, body: prompt("hello", "msg-1") });

    const { status, body } = await call("sendInput", { params, body: prompt("hello", "msg-1") });

    expect(status).toBe(200);
    expect(body).toMatchObject({ admission: { kind: "deduplicated", status: "queued" } });
    expect(body).not.toHaveProperty("outcome");
  });

  it("waits for the first input's outcome when asked to", async () => {
    const { call, release } = await startHarness();
    const query = { executor: "park" };
    await call("sendInput", { params, query, body: prompt("hello", "msg-1") });

    const again = call("sendInput", { params, query: { wait: 30 }, body: prompt("hello", "msg-1") });
    release();

    expect((await again).body).toMatchObject({ outcome: { kind: "completed", output: "released" } });
  });

  it("with another payload is refused (G7)", async () => {
    const { call, refuse } = await startHarness();
    await call("sendInput", { params, query: { executor: "park" }, body: prompt("hello", "msg-1") });

    const { status, body } = await refuse("sendInput", "idempotency.mismatch", {
      params,
      body: prompt("bye", "msg-1"),
    });

    expect(status).toBe(422);
    expect(body.isRetryable).toBe(false);
  });

  it("refuses a header and a body that disagree", async () => {
    const { refuse } = await startHarness();
    const headers = { "idempotency-key": '"one"' };

    await refuse("sendInput", "id.invalid", { params, headers, body: prompt("x", "two") });
  });

  it("replays nothing without a key", async () => {
    const { call } = await startHarness();
    await call("ensureSession", { params });
    await call("sendInput", { params, body: prompt("hello") });

    const { status, headers } = await call("sendInput", { params, body: prompt("hello") });

    expect(status).toBe(202);
    expect(headers.has("idempotency-replayed")).toBe(false);
  });
});

describe("reading inputs", () => {
  it("shows one, as it was sent and as it ended", async () => {
    const harness = await startHarness();
    const inputId = await sendAndFinish(harness, "hello", "msg-1");

    const { body } = await harness.call("getInput", { params: { ...params, inputId } });

    expect(body).toMatchObject({
      inputId,
      admission: 1,
      status: "consumed",
      notBeforeAt: null,
      failure: null,
      outcome: { kind: "completed", output: "hello" },
      input: { id: inputId, kind: "prompt", text: "hello", idempotencyKey: "msg-1" },
    });
  });

  it("shows when a postponed one is due", async () => {
    const { call } = await startHarness();
    await call("ensureSession", { params });
    const notBefore = "2090-01-01T00:00:00+01:00";
    const sent = await call("sendInput", { params, body: { ...prompt("later"), notBefore } });
    const { inputId } = sent.body.admission as { inputId: string };

    const { body } = await call("getInput", { params: { ...params, inputId } });

    expect(body.notBeforeAt).toBe("2089-12-31T23:00:00.000Z");
  });

  it("pages in the order of admission", async () => {
    const { call } = await startHarness();
    await call("ensureSession", { params });
    for (let at = 1; at <= 5; at += 1) await call("sendInput", { params, body: prompt(`${at}`) });

    const first = await call("listInputs", { params, query: { limit: 3 } });
    const second = await call("listInputs", { params, query: { limit: 3, after: first.body.next ?? -1 } });

    expect([...first.body.items, ...second.body.items].map(({ admission }) => admission)).toEqual([1, 2, 3, 4, 5]);
    expect(second.body.next).toBeNull();
  });

  it("names on its page what cannot be read, beside what can", async () => {
    const { call } = await startHarness({
      wrap: (runtime) => ({
        ...runtime,
        listInputs: async (ref, query) => ({ ...(await runtime.listInputs(ref, query)), corrupt: ["inp_torn000001"] }),
      }),
    });
    await call("ensureSession", { params });
    await call("sendInput", { params, body: prompt("legible") });

    const { body } = await call("listInputs", { params });

    expect(body.items).toHaveLength(1);
    expect(body.corrupt).toEqual(["inp_torn000001"]);
  });

  it("does not know an input that was never sent", async () => {
    const { call, refuse } = await startHarness();
    await call("ensureSession", { params });
    const unknown = { ...params, inputId: "inp_unknown00" };

    await refuse("getInput", "input.not_found", { params: unknown });
    await refuse("getOutcome", "input.not_found", { params: unknown });
    await refuse("getOutcome", "input.not_found", { params: unknown, query: { wait: 5 } });
    await refuse("getOutcomeByKey", "input.not_found", { params, query: { key: "never" } });
  });

  it("says that an input is gone when it went with its session", async () => {
    const { call, refuse } = await startHarness();
    await call("ensureSession", { params });
    await call("sendInput", { params, body: prompt("hello"), headers: { "idempotency-key": "a" } });
    await call("controlSession", { params: { ...params, verb: "destroy" } });

    await refuse("getOutcomeByKey", "session.destroyed", { params, query: { key: "never" } });
    const { status } = await refuse("getOutcomeByKey", "session.destroyed", {
      params,
      query: { key: "never", wait: 5 },
    });

    expect(status).toBe(410);
  });

  it("lists what ended with its budget spent", async () => {
    const { call } = await startHarness();
    const sent = await call("sendInput", { params, query: { executor: "fail", wait: 30 }, body: prompt("x") });

    const { body } = await call("listDeadLetters", { params });

    expect(sent.body.outcome).toMatchObject({ kind: "abandoned", failure: { code: "test.no" } });
    expect(body.items).toMatchObject([{ status: "abandoned", outcome: sent.body.outcome }]);
  });
});

describe("waiting for an outcome", () => {
  it("answers at once when the input has ended, by id and by key (G9)", async () => {
    const harness = await startHarness();
    const inputId = await sendAndFinish(harness, "hello", "schlüssel/1 {x}?&");

    const byId = await harness.call("getOutcome", { params: { ...params, inputId } });
    const byKey = await harness.call("getOutcomeByKey", { params, query: { key: "schlüssel/1 {x}?&" } });

    expect(byId.body).toMatchObject({ kind: "completed", output: "hello" });
    expect(byKey.body).toEqual(byId.body);
  });

  it("reads what is known, without a race against no time at all", async () => {
    const harness = await startHarness({
      wrap: (runtime) => ({
        ...runtime,
        waitForOutcome: (ref, target, { timeoutMs } = {}) =>
          timeoutMs === 0
            ? Promise.reject(new AppError("wait.timeout"))
            : runtime.waitForOutcome(ref, target, { timeoutMs: 30_000 }),
      }),
    });
    const inputId = await sendAndFinish(harness, "hello");

    const { body } = await harness.call("getOutcome", { params: { ...params, inputId }, query: { wait: 0 } });

    expect(body).toMatchObject({ kind: "completed" });
  });

  it("answers when it ends (G9)", async () => {
    const { call, release } = await startHarness();
    await call("sendInput", { params, query: { executor: "park" }, body: prompt("hello", "msg-1") });

    const waiting = call("getOutcomeByKey", { params, query: { key: "msg-1", wait: 30 } });
    release();

    expect((await waiting).body).toMatchObject({ kind: "completed", output: "released" });
  });

  it.each([{ wait: 0 }, { wait: 1 }])("says that the work goes on after %j", async (query) => {
    const { call, refuse } = await startHarness();
    await call("sendInput", { params, query: { executor: "park" }, body: prompt("hello", "msg-1") });

    const { status, body } = await refuse("getOutcomeByKey", "wait.timeout", {
      params,
      query: { key: "msg-1", ...query },
    });

    expect(status).toBe(504);
    expect(body.isRetryable).toBe(true);
  });

  it.each([{ wait: 61 }, { wait: -1 }, { wait: "soon" }, { wait: "1.5" }])("refuses %j", async (query) => {
    const { refuse } = await startHarness();

    await refuse("getOutcomeByKey", "request.invalid", { params, query: { key: "k", ...query } });
  });

  it("ends when the caller hangs up", async () => {
    let waited: AbortSignal | undefined;
    const { url } = await startHarness({
      wrap: withMethods({
        waitForOutcome: (_ref, _target, { signal } = {}) =>
          new Promise((_resolve, reject) => {
            waited = signal;
            caller.abort();
            signal?.addEventListener("abort", () => reject(new Error("the caller is gone")));
          }),
      }),
    });
    const caller = new AbortController();

    const target = `${url}/v1/sessions/s/outcome?key=k&wait=60`;
    await expect(fetch(target, { signal: caller.signal })).rejects.toMatchObject({ name: "AbortError" });

    await new Promise<void>((resolve) => {
      if (waited?.aborted) resolve();
      else waited?.addEventListener("abort", () => resolve());
    });
    expect(waited?.aborted).toBe(true);
  });
});
