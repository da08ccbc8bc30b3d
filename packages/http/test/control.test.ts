import { ROUTES } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { type Harness, refOf, startHarness } from "./harness.ts";

const params = { sessionId: "chat/42" };
const of = (verb: string) => ({ ...params, verb });

/** A session with a run that stays until it is released or interrupted; answers its run id. */
async function parkedRun({ call, runtime }: Harness): Promise<string> {
  await call("sendInput", { params, query: { executor: "park" }, body: { kind: "prompt", text: "x" } });
  for await (const { event } of runtime.followEvents(refOf(params.sessionId), { after: 0, signal: neverAborted })) {
    if (event.type === "run.started") return event.runId;
  }
  throw new Error("no run was started");
}

const neverAborted = new AbortController().signal;

const legal = ROUTES.controlSession.params.shape.verb.options;

it.each(legal.filter((verb) => verb !== "recover"))("applies %s and reports it", async (verb) => {
  const { call } = await startHarness();
  await call("ensureSession", { params, body: { binding: { executor: "echo" } } });

  const { body } = await call("controlSession", { params: of(verb) });

  expect(body).toMatchObject({ verb, phaseBefore: "idle", inputsAbandoned: 0 });
});

it("counts what a verb ended, and its waiters learn of it", async () => {
  const { call } = await startHarness();
  await call("ensureSession", { params });
  await call("sendInput", { params, body: { kind: "prompt", text: "x", idempotencyKey: "k" } });

  const { body } = await call("controlSession", { params: of("reset") });

  const outcome = await call("getOutcomeByKey", { params, query: { key: "k" } });
  expect(body).toMatchObject({ verb: "reset", inputsAbandoned: 1 });
  expect(outcome.body).toMatchObject({ kind: "abandoned", reason: "reset" });
});

describe("a request id", () => {
  it("is minted when there is none, and repeats the report (G10)", async () => {
    const { call } = await startHarness();
    await call("ensureSession", { params });
    await call("sendInput", { params, body: { kind: "prompt", text: "x" } });

    const first = await call("controlSession", { params: of("reset") });
    const requestId = first.headers.get("holdfast-request-id") ?? "";
    const again = await call("controlSession", { params: of("reset"), headers: { "idempotency-key": requestId } });
    const anew = await call("controlSession", { params: of("reset") });

    expect(requestId).toMatch(/^req_/);
    expect(first.body.inputsAbandoned).toBe(1);
    expect(again.body).toEqual(first.body);
    expect(anew.body.inputsAbandoned).toBe(0);
  });

  it.each([
    ["the header", { headers: { "idempotency-key": '"op 1"' } }],
    ["the body", { body: { requestId: "op 1" } }],
    ["both", { headers: { "idempotency-key": '"op 1"' }, body: { requestId: "op 1" } }],
  ])("is taken from %s", async (_where, sent) => {
    const { call } = await startHarness();
    await call("ensureSession", { params });

    const { headers } = await call("controlSession", { params: of("retire"), ...sent });

    expect(headers.get("holdfast-request-id")).toBe("op 1");
  });

  it("beyond ASCII works, and is not repeated in a header", async () => {
    const { call } = await startHarness();
    await call("ensureSession", { params });

    const { headers } = await call("controlSession", { params: of("retire"), body: { requestId: "прекрати 🛑" } });

    expect(headers.has("holdfast-request-id")).toBe(false);
  });

  it("that differs between header and body is refused", async () => {
    const { refuse } = await startHarness();
    const sent = { headers: { "idempotency-key": "one" }, body: { requestId: "two" } };

    await refuse("controlSession", "id.invalid", { params: of("retire"), ...sent });
    await refuse("interruptRun", "id.invalid", { params, ...sent });
  });

  it.each([{ requestId: "" }, { requestId: "a\u0007" }, { requestId: "k".repeat(257) }])("refuses %j", async (body) => {
    const { refuse } = await startHarness();

    await refuse("controlSession", "id.invalid", { params: of("retire"), body });
  });
});

describe("a verb that is not legal", () => {
  it("is refused with the phase and what is legal", async () => {
    const { call, refuse } = await startHarness();
    await call("ensureSession", { params });
    await call("controlSession", { params: of("stop") });

    const { status, body } = await refuse("controlSession", "control.refused", { params: of("reset") });

    expect(status).toBe(409);
    expect(body.details).toMatchObject({ phase: "stopped", legalVerbs: expect.arrayContaining(["destroy"]) });
    expect(body.details?.["legalVerbs"]).not.toContain("reset");
  });

  it("changes nothing (G10)", async () => {
    const { call, refuse } = await startHarness();
    await call("ensureSession", { params });
    await call("controlSession", { params: of("stop") });
    const before = await call("getSession", { params });

    await refuse("controlSession", "control.refused", { params: of("reset") });

    expect((await call("getSession", { params })).body).toEqual(before.body);
  });

  it.each(["explode", "interrupt", "RETIRE", ""])("and does not exist, as %j, is a bad request", async (verb) => {
    const { refuse } = await startHarness();

    const { body } = await refuse("controlSession", "request.invalid", { params: of(verb) });

    expect(body.details).toMatchObject({ issues: [{ in: "params", path: "/verb" }] });
  });

  it("on an unknown session is a 404", async () => {
    const { refuse } = await startHarness();

    await refuse("controlSession", "session.not_found", { params: of("retire") });
    await refuse("interruptRun", "session.not_found", { params });
  });

  it("on a destroyed session is a 410", async () => {
    const { call, refuse } = await startHarness();
    await call("ensureSession", { params });
    await call("controlSession", { params: of("destroy") });

    const { status } = await refuse("controlSession", "session.destroyed", { params: of("retire") });

    expect(status).toBe(410);
  });
});

describe("interrupting", () => {
  it("ends the named run", async () => {
    const harness = await startHarness();
    const runId = await parkedRun(harness);

    const { body } = await harness.call("interruptRun", { params, body: { runId } });

    expect(body).toMatchObject({ verb: "interrupt", abortedRunId: runId });
  });

  it("rolls a run back", async () => {
    const harness = await startHarness();
    await parkedRun(harness);
    const [input] = (await harness.call("listInputs", { params })).body.items;

    await harness.call("interruptRun", { params, body: { isRolledBack: true } });

    const target = { params: { ...params, inputId: input?.inputId ?? "" }, query: { wait: 30 } };
    expect((await harness.call("getOutcome", target)).body).toMatchObject({ kind: "cancelled" });
    expect((await harness.call("listReceipts", { params })).body.items).toEqual([]);
  });

  it("waits for the next boundary when it is told to", async () => {
    const harness = await startHarness();
    await parkedRun(harness);

    await harness.call("interruptRun", { params, body: { at: "boundary" } });

    const { body } = await harness.call("explainSession", { params });
    expect(body.waitsFor).toMatchObject({ kind: "run", cancelMode: "boundary" });
  });

  it("ends whichever run is current", async () => {
    const harness = await startHarness();
    const runId = await parkedRun(harness);

    const { body } = await harness.call("interruptRun", { params });

    expect(body.abortedRunId).toBe(runId);
  });

  it("leaves another run alone", async () => {
    const harness = await startHarness();
    const runId = await parkedRun(harness);

    const reply = await harness.refuse("interruptRun", "run.not_current", { params, body: { runId: "run_12345678" } });

    expect(reply.body.details).toMatchObject({ currentRunId: runId });
  });

  it("is refused when nothing runs", async () => {
    const { call, refuse } = await startHarness();
    await call("ensureSession", { params });

    const { body } = await refuse("interruptRun", "control.refused", { params });

    expect(body.details).toMatchObject({ phase: "idle" });
  });

  it.each([{ runId: "run" }, { runId: "inp_12345678" }])("refuses %j", async (body) => {
    const { refuse } = await startHarness();

    await refuse("interruptRun", "id.invalid", { params, body });
  });
});
