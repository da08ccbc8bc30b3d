import { randomUUID } from "node:crypto";
import { createHoldfast, defineExecutor, type Holdfast } from "holdfast";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { runCli } from "./support/run-cli.ts";

const redis = inject("redisUrl");
const namespace = `cli-${randomUUID()}`;
const holdfast = (...args: string[]) => runCli(args, { env: { REDIS_URL: redis, HOLDFAST_NAMESPACE: namespace } });
let host: Holdfast;

/** Asks once, and answers with what it was resumed with; holds on to anything else until it is told to end. */
const asking = defineExecutor("asking", async (turn) => {
  if (turn.resumed !== null) return turn.complete({ output: turn.resumed.value ?? null });
  if (turn.inputs[0]?.kind === "prompt" && turn.inputs[0].text === "ask") {
    return { kind: "suspended", on: { type: "approval", approvalId: "apr" } } as const;
  }
  await new Promise((resolve) => turn.signal.addEventListener("abort", resolve));
  return { kind: "cancelled" } as const;
});

beforeAll(async () => {
  host = await createHoldfast({ redis, namespace, executors: [asking] });
});
afterAll(() => host.close({ graceMs: 0 }));

describe("schedules", () => {
  it("are set, listed, paused, resumed and removed", async () => {
    await holdfast("register", "chat/1", "--executor", "asking");
    const set = await holdfast("schedules", "set", "chat/1", "daily", "ask", "--cron", "0 9 * * *");
    const every = await holdfast("schedules", "set", "chat/1", "tick", "ask", "--every", "300", "--catch-up", "skip");
    const paused = await holdfast("schedules", "pause", "chat/1", "tick");
    const list = await holdfast("schedules", "list", "chat/1");
    const resumed = await holdfast("schedules", "resume", "chat/1", "tick");
    const removed = await holdfast("schedules", "remove", "chat/1", "daily");
    const again = await holdfast("schedules", "remove", "chat/1", "daily");

    expect(set.stdout).toMatch(/^chat\/1 daily: next \d{4}-\d\d-\d\dT09:00:00/);
    expect(every.stdout).toMatch(/^chat\/1 tick: next \d{4}-/);
    expect(paused.stdout).toBe("chat/1 tick: next paused\n");
    expect(list.stdout).toMatch(/daily +0 9 \* \* \* UTC +\d{4}/);
    expect(list.stdout).toMatch(/tick +every 300 s +paused/);
    expect(resumed.stdout).toMatch(/^chat\/1 tick: next \d{4}-/);
    expect(removed.stdout).toBe("chat/1 daily: removed\n");
    expect(again).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error\[schedule\.not_found\]: /) as unknown,
    });
  });

  it("need one timing, and say so", async () => {
    const none = await holdfast("schedules", "set", "chat/1", "x", "ask");
    const both = await holdfast("schedules", "set", "chat/1", "x", "ask", "--cron", "* * * * *", "--every", "5");

    for (const { code, stderr } of [none, both]) {
      expect(code).toBe(2);
      expect(stderr).toContain("--cron");
    }
  });
});

describe("what is sent", () => {
  it("may say what it does to work that is there, and is told of an executor the session has already", async () => {
    await holdfast("register", "chat/sent", "--executor", "asking");
    const held = await holdfast("send", "chat/sent", "later", "--overlap", "hold", "--executor", "echo", "--key", "k");
    const wrong = await holdfast("send", "chat/sent", "x", "--overlap", "sideways");
    const { input } = (await host.runtime.inputState(host.session("chat/sent").ref, { key: "k" })) ?? {};

    expect(held.code).toBe(0);
    expect(held.stderr).toContain("chat/sent stays bound to asking");
    expect(input).toMatchObject({ overlap: "hold" });
    expect(wrong.stderr).toContain("Allowed choices are queue, steer,");
  });
});

describe("a delivery", () => {
  it("waits for a session that is not there yet, and the same one again is the first one", async () => {
    const first = await holdfast("deliver", "chat/later", "it is ready", "--id", "job/7");
    const again = await holdfast("deliver", "chat/later", "it is ready", "--id", "job/7");
    const other = await holdfast("deliver", "chat/later", "something else", "--id", "job/7");
    const nameless = await holdfast("deliver", "chat/later", "x");
    const listed = await holdfast("deliveries", "chat/later");

    expect(first.stdout).toBe("delivered to chat/later: place 1 of its inbox\n");
    expect(again.stdout).toBe("already delivered to chat/later: place 1 of its inbox\n");
    expect(other.stderr).toMatch(/^error\[delivery\.conflict\]: /);
    expect(nameless.stderr).toContain("--id");
    expect(JSON.parse(listed.stdout)).toMatchObject({
      items: [{ deliveryId: "job/7", submission: { sourceId: "cli", payload: "it is ready" }, disposition: null }],
    });
  });
});

describe("a run", () => {
  it("that is suspended is explained, and goes on with a value", async () => {
    const session = host.session("chat/2", { executor: "asking" });
    const sent = await session.send({ text: "ask" });
    const waiting = async () => (await host.runtime.explain(session.ref)).waitsFor;
    await expect.poll(async () => (await waiting()).kind, { timeout: 20_000 }).toBe("resumption");
    const explained = await holdfast("explain", "chat/2");
    const [, runId = ""] = /(run_[\w-]+)/.exec(explained.stdout) ?? [];
    const text = await holdfast("resume", "chat/2", runId, "--value", "yes");
    const resumed = await holdfast("resume", "chat/2", runId, "--value", '{"approved":true}');
    const again = await holdfast("resume", "chat/2", runId);

    expect(explained.stdout).toContain("approval apr");
    expect(text).toMatchObject({ code: 2, stderr: expect.stringContaining("must be JSON") as unknown });
    expect(resumed.stdout).toBe(`resumed chat/2: ${runId} goes on\n`);
    expect(await sent.completion).toMatchObject({ output: { approved: true } });
    expect(again).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error\[run\.not_suspended\]: /) as unknown,
    });
  });

  it("is rolled back, or ended at its next boundary", async () => {
    const sent = await host.session("chat/3", { executor: "asking" }).send({ text: "stay" });
    await expect
      .poll(async () => (await host.runtime.explain(host.session("chat/3").ref)).waitsFor.kind, { timeout: 20_000 })
      .toBe("run");

    const waiting = await holdfast("interrupt", "chat/3", "--at", "boundary");
    const { waitsFor } = await host.runtime.explain(host.session("chat/3").ref);
    const ended = await holdfast("interrupt", "chat/3", "--rollback");

    expect([waiting.code, ended.code]).toEqual([0, 0]);
    expect(waitsFor).toMatchObject({ cancelMode: "boundary" });
    expect(await sent.completion).toEqual({ kind: "cancelled", attempts: 1 });
  });
});
