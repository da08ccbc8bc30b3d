import { type PrivateRedis, startPrivateRedis } from "@holdfast/redis-server";
import { createHoldfast, type Holdfast } from "holdfast";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { Launched, type LaunchOptions } from "./support/launched.ts";

const MAIN = "apps/worker/dist/main.mjs";
const MINE = ["--executors", "e2e/fixtures/my-executors.ts"];

let redis: PrivateRedis;
let client: Holdfast;
const workers: Launched[] = [];

beforeAll(async () => {
  redis = await startPrivateRedis();
});

beforeEach(async () => {
  client = await createHoldfast({ redis: redis.url });
});

afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.end("SIGKILL")));
  await client.close();
});

afterAll(() => redis.stop());

function launch(args: readonly string[], { env = {}, ...options }: LaunchOptions = {}): Launched {
  const worker = new Launched([MAIN, ...args], { ...options, env: { REDIS_URL: redis.url, ...env } });
  workers.push(worker);
  return worker;
}

async function launchReady(args: readonly string[], options?: LaunchOptions) {
  const worker = launch(args, options);
  const [line] = await worker.says(/^\{.*\}$/m);
  return { worker, ready: JSON.parse(line) as Record<string, unknown> };
}

describe("holdfast-worker", () => {
  it("says in one line what it hosts, and runs a user's TypeScript", async () => {
    const { worker, ready } = await launchReady([...MINE, "--built-in", "echo"]);

    const sent = await client.session("chat/42", { executor: "shout" }).send({ key: "msg-1", text: "hello" });

    expect(await sent.completion).toMatchObject({ kind: "completed", output: "HELLO!" });
    expect(ready).toEqual({
      ready: true,
      node: expect.stringMatching(/^nod_/),
      executors: ["echo", "shout", "slow"],
    });
    expect(worker.stdout.trim().split("\n")).toHaveLength(1);
  });

  it("hosts every built-in executor when it is told nothing", async () => {
    const { ready } = await launchReady([]);

    expect(ready["executors"]).toEqual(["echo", "fold", "fold-batch", "fold-slowly"]);
  });

  it("logs to stderr in fixed phrases with fields", async () => {
    const { worker } = await launchReady(["--built-in", "echo"]);

    await worker.end("SIGTERM");

    const lines = worker.stderr.trim().split("\n");
    const phrases = lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
    expect(phrases).toEqual(["worker ready", "worker closing", "worker closed"]);
  });

  it("ends with 0 on SIGTERM", async () => {
    const { worker } = await launchReady(["--built-in", "echo"]);

    expect(await worker.end("SIGTERM")).toEqual({ code: 0, signal: null });
  });

  it("hands a turn back on SIGTERM, and another worker finishes it", async () => {
    const { worker } = await launchReady(MINE, { env: { HOLDFAST_GRACE_MS: "100" } });
    const session = client.session("handed-back", { executor: "slow" });
    const sent = await session.send({ key: "msg-1", text: "take your time" });
    await isRunning(session.ref);

    const ended = await worker.end("SIGTERM");
    const other = await launchReady(MINE, { env: { HURRY: "1" } });

    expect(ended).toEqual({ code: 0, signal: null });
    expect(await sent.completion).toMatchObject({ kind: "completed", output: { pid: other.worker.pid } });
    const view = await client.runtime.inputState(session.ref, { key: "msg-1" });
    expect(view).toMatchObject({ failures: 0, losses: 0 });
  });

  it("ends with 1 on a second signal", async () => {
    const { worker } = await launchReady(MINE);
    const session = client.session("stubborn", { executor: "slow" });
    await session.send({ key: "msg-1", text: "take your time" });
    await isRunning(session.ref);
    worker.child.kill("SIGTERM");
    // The second signal must come after the first was heard.
    await vi.waitFor(() => expect(worker.stderr).toContain("worker closing"));

    expect(await worker.end("SIGTERM")).toEqual({ code: 1, signal: null });
  });

  it("ends when the process that opened a channel to it goes away", async () => {
    const { worker } = await launchReady(["--built-in", "echo"], { hasChannel: true });

    worker.child.disconnect();

    expect(await worker.ended).toEqual({ code: 0, signal: null });
  });

  it.each([
    [[], { REDIS_URL: "" }, "REDIS_URL is not set"],
    [[], { HOLDFAST_GRACE_MS: "soon" }, "HOLDFAST_GRACE_MS is not a whole number"],
    [[], { HOLDFAST_LEASE_MS: "10" }, "HOLDFAST_LEASE_MS is less than 1000"],
    [["--built-in", "ecko"], {}, "--built-in ecko is none of echo, fold, fold-batch, fold-slowly"],
    [["--executors", "e2e/fixtures/none.ts"], {}, "e2e/fixtures/none.ts cannot be loaded: Cannot find module"],
  ])("refuses %j %j in one line", async (args, env, message) => {
    const worker = launch(args, { env: env as Record<string, string> });

    expect(await worker.ended).toEqual({ code: 2, signal: null });
    expect(worker.stdout).toBe("");
    expect(worker.stderr).toMatch(/^error\[config\.invalid\]: [^\n]+\n$/);
    expect(worker.stderr).toContain(message);
  });

  it("says in one line that Redis is not there", async () => {
    const worker = launch([], { env: { REDIS_URL: "redis://:secret@127.0.0.1:1" } });

    expect(await worker.ended).toEqual({ code: 1, signal: null });
    expect(worker.stderr).toBe("error[store.unavailable]: Redis at redis://127.0.0.1:1 does not answer\n");
  });
});

/** A worker holds the session: the wake travels at its own time. */
async function isRunning(ref: Parameters<Holdfast["runtime"]["findSession"]>[0]): Promise<void> {
  // There is no other sign of it than the session's state.
  await vi.waitFor(async () => expect((await client.runtime.findSession(ref))?.state).toBe("running"), {
    timeout: 10_000,
  });
}
