import { type PrivateRedis, startPrivateRedis } from "@holdfast/redis-server";
import { createHoldfast, type Holdfast, RequestId } from "holdfast";
import { Redis } from "ioredis";
import { afterEach, beforeEach, expect, it } from "vitest";
import { WorkerProcess } from "./harness/worker-process.ts";

let redis: PrivateRedis;
let commands: Redis;
let client: Holdfast;
const workers: WorkerProcess[] = [];

beforeEach(async () => {
  redis = await startPrivateRedis({ persistence: "everysec" });
  commands = new Redis(redis.url);
  client = await createHoldfast({ redis: redis.url });
});

afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.kill()));
  await client.close();
  commands.disconnect();
  await redis.stop();
});

async function startGated(env: Record<string, string> = {}): Promise<WorkerProcess> {
  const worker = await WorkerProcess.start({ redisUrl: redis.url, fixture: "gated-executors.ts", env });
  workers.push(worker);
  return worker;
}

/** The next start that the gated executor reports. */
async function nextStart(session: string): Promise<{ pid: number; runId: string; attempt: number }> {
  const [, started] = (await commands.blpop(`started:${session}`, 0)) as [string, string];
  return JSON.parse(started) as { pid: number; runId: string; attempt: number };
}

it("refuses the late commit of a worker that slept past its lease, and aborts its executor (G2, G3)", async () => {
  const session = client.session("chat/asleep", { executor: "gated" });
  const sleeper = await startGated();
  const sent = await session.send({ key: "one", text: "hello" });
  const first = await nextStart("chat/asleep");

  sleeper.signal("SIGSTOP");
  const successor = await startGated();
  const second = await nextStart("chat/asleep");
  await commands.rpush(`gate:chat/asleep:${successor.pid}`, "open");
  const outcome = await sent.completion;
  sleeper.signal("SIGCONT");
  await sleeper.logged("settlement refused", "fenced");

  expect(first.pid).toBe(sleeper.pid);
  expect(second).toEqual({ pid: successor.pid, runId: first.runId, attempt: 2 });
  expect(outcome).toMatchObject({ kind: "completed", output: { pid: successor.pid } });
  expect(await commands.lrange("aborted:chat/asleep", 0, -1)).toEqual([expect.stringContaining("lease_lost")]);
  expect(await client.runtime.sessionState(session.ref)).toEqual({ state: { turns: 1 }, position: 1 });
});

it("hands a run back at once when it is told to stop, charges nothing, and exits with 0 (G1)", async () => {
  const session = client.session("chat/handed-back", { executor: "gated" });
  const leaving = await startGated({ HOLDFAST_GRACE_MS: "100" });
  const sent = await session.send({ key: "one", text: "hello" });
  await nextStart("chat/handed-back");

  leaving.signal("SIGTERM");
  const exit = await leaving.exited();
  const outcome = await sent.completion;

  // The executor answered when it was aborted: what it answered under a valid fence is committed.
  expect(exit).toBe(0);
  expect(outcome).toMatchObject({ kind: "completed", output: { pid: leaving.pid } });
  expect(await client.runtime.inputState(session.ref, { key: "one" })).toMatchObject({ failures: 0, losses: 0 });
});

it("ends a run wherever it runs when an operator interrupts it (G10)", async () => {
  const session = client.session("chat/interrupted", { executor: "gated" });
  await startGated();
  const sent = await session.send({ key: "one", text: "hello" });
  const { runId } = await nextStart("chat/interrupted");

  const report = await client.runtime.control(session.ref, { verb: "stop", requestId: RequestId.parse("stop-1") });
  const outcome = await sent.completion;
  const reason = await commands.blpop("aborted:chat/interrupted", 0);

  expect(report).toMatchObject({ phaseAfter: "stopped", inputsAbandoned: 1, abortedRunId: runId });
  expect(outcome).toMatchObject({ kind: "abandoned", reason: "stopped" });
  expect(reason?.[1]).toContain("stopped");
});
