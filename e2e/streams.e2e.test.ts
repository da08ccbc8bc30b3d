import { type PrivateRedis, startPrivateRedis } from "@holdfast/redis-server";
import { createHoldfast, type Holdfast, type InputStreamPart } from "holdfast";
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

async function startWorker(): Promise<WorkerProcess> {
  const env = { HOLDFAST_LEASE_MS: "2000" };
  const worker = await WorkerProcess.start({ redisUrl: redis.url, fixture: "streaming-executors.ts", env });
  workers.push(worker);
  return worker;
}

/** A part as one word. */
function wordOf(part: InputStreamPart): string {
  if (part.type === "chunk") return `${part.offset} ${part.chunk as string}`;
  return part.type === "retracted" ? `${part.offset} withdrawn from ${part.from}` : `${part.offset} ${part.status}`;
}

/** Reads so many parts, or to the end. */
async function take(
  parts: AsyncIterable<InputStreamPart>,
  count = Number.POSITIVE_INFINITY,
): Promise<InputStreamPart[]> {
  const taken: InputStreamPart[] = [];
  for await (const part of parts) {
    taken.push(part);
    if (taken.length === count) break;
  }
  return taken;
}

it("goes on under a reader whose worker is killed: what that wrote since its boundary is withdrawn (G12, T13, T19)", async () => {
  const session = client.session("chat/streamed", { executor: "streaming" });
  const say = (...said: string[]) => commands.rpush("say:chat/streamed", ...said);
  const first = await startWorker();
  const sent = await session.send({ key: "one", text: "hello" });
  const whole = take(sent.stream());
  const begun = take(sent.stream(), 3);

  await say("a", "checkpoint", "b", "c");
  const before = await begun;
  await first.kill();
  const successor = await startWorker();
  await say("B", "end");
  const outcome = await sent.completion;

  expect(outcome).toMatchObject({ kind: "completed", output: "done" });
  const story = ["1 a#1", "2 b#1", "3 c#1", "4 withdrawn from 2", "5 B#2", "6 completed"];
  expect((await whole).map(wordOf)).toEqual(story);
  const runId = before[0]?.runId as InputStreamPart["runId"];
  for (const after of [0, 2, 3, 5, 6]) {
    expect((await take(session.stream({ runId, after }))).map(wordOf)).toEqual(story.slice(after));
  }
  expect(successor.pid).not.toBe(first.pid);
}, 60_000);
