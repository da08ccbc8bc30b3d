import type { SessionRef } from "@holdfast/contracts";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { describe, expect, inject, it, vi } from "vitest";
import { jobIdOf, queueNameOf } from "../src/job/wake-job.ts";
import { after, freshPrefix, latch, openQueue, ref } from "./support/queue-bench.ts";

const url = inject("redisUrl");

/** A plain client for looking at what is stored. */
function openRedis(): Redis {
  const redis = new Redis(url);
  after(() => redis.disconnect());
  return redis;
}

/** The executor's queue as BullMQ sees it. */
function openBareQueue(prefix: string, executor: string): Queue {
  const queue = new Queue(queueNameOf(executor), { connection: openRedis(), prefix });
  queue.on("error", () => {});
  after(() => queue.close());
  return queue;
}

/** Everything the handler was called with, in order. */
function recorder() {
  const seen: string[] = [];
  const handler = async ({ sessionId }: SessionRef): Promise<void> => {
    seen.push(sessionId);
  };
  // Redis pushes at its own time; there is nothing here to wait on instead.
  const sees = (...expected: string[]) => vi.waitFor(() => expect(seen).toEqual(expected), { timeout: 10_000 });
  return { seen, handler, sees };
}

describe("wake queue", () => {
  it("hands a wake to a worker that hosts the executor", async () => {
    const { queue } = openQueue(url);
    const { handler, sees } = recorder();
    await queue.consume({ executors: ["echo"], concurrency: 4, handler });

    await queue.wake({ ref: ref("chat/42"), executor: "echo", epoch: 1 });

    await sees("chat/42");
  });

  it("keeps wakes for a worker that comes later", async () => {
    const { queue } = openQueue(url);
    const { handler, sees } = recorder();
    await queue.wake({ ref: ref("early"), executor: "echo", epoch: 1 });

    await queue.consume({ executors: ["echo"], concurrency: 4, handler });

    await sees("early");
  });

  it("carries every legal id unchanged", async () => {
    const { queue } = openQueue(url);
    const ids = ["chat/42", "a:b", "{x}", "42", "0", "0:1", "__proto__", " ", "größe 😀", "a.b.1", "é".repeat(128)];
    const seen: SessionRef[] = [];
    const handler = async (session: SessionRef): Promise<void> => {
      seen.push(session);
    };
    await queue.consume({ executors: ["echo"], concurrency: 1, handler });

    for (const id of ids) await queue.wake({ ref: ref(id, `tenant of ${id}`), executor: "echo", epoch: 0 });

    // Redis pushes at its own time.
    await vi.waitFor(() => expect(seen).toEqual(ids.map((id) => ref(id, `tenant of ${id}`))));
  });

  it("takes repeated wakes of one epoch for one (Q2)", async () => {
    const { queue, prefix } = openQueue(url);
    const { handler, sees } = recorder();

    for (let n = 0; n < 10; n += 1) await queue.wake({ ref: ref("s"), executor: "echo", epoch: 7 });
    await queue.wake({ ref: ref("last"), executor: "echo", epoch: 1 });

    expect(await openBareQueue(prefix, "echo").getWaitingCount()).toBe(2);
    await queue.consume({ executors: ["echo"], concurrency: 1, handler });
    await sees("s", "last");
  });

  it("does not take a new epoch for an old one that is being handled", async () => {
    const { queue } = openQueue(url);
    const gate = latch();
    const seen: string[] = [];
    const handler = async ({ sessionId }: SessionRef): Promise<void> => {
      seen.push(sessionId);
      if (seen.length === 1) await gate.opened;
    };
    await queue.consume({ executors: ["echo"], concurrency: 2, handler });
    await queue.wake({ ref: ref("s"), executor: "echo", epoch: 1 });
    // The first handler must be running before the second wake is sent.
    await vi.waitFor(() => expect(seen).toEqual(["s"]));

    await queue.wake({ ref: ref("s"), executor: "echo", epoch: 2 });

    // Redis pushes at its own time.
    await vi.waitFor(() => expect(seen).toEqual(["s", "s"]));
    gate.open();
  });

  it("does not take a new epoch for an old one that failed", async () => {
    const { queue, prefix } = openQueue(url);
    const { handler, sees } = recorder();
    const bare = openBareQueue(prefix, "echo");
    const jobId = jobIdOf({ ref: ref("s"), epoch: 1 });
    const job = await bare.add("wake", null, { jobId, removeOnFail: false });
    const redis = openRedis();
    await redis.lrem(bare.toKey("wait"), 1, jobId);
    await redis.zadd(bare.toKey("failed"), Date.now(), job.id as string);
    await queue.consume({ executors: ["echo"], concurrency: 2, handler });

    await queue.wake({ ref: ref("s"), executor: "echo", epoch: 2 });

    await sees("s");
  });

  it("leaves nothing of a handled wake behind", async () => {
    const { queue, prefix } = openQueue(url);
    const { handler, sees } = recorder();
    await queue.consume({ executors: ["echo"], concurrency: 2, handler });
    await queue.wake({ ref: ref("s"), executor: "echo", epoch: 1 });
    await sees("s");

    const bare = openBareQueue(prefix, "echo");

    // The job ends after its handler.
    await vi.waitFor(async () => {
      expect(await bare.getJobCounts()).toMatchObject({ active: 0, completed: 0, failed: 0, waiting: 0 });
    });
    expect(await openRedis().exists(bare.toKey(jobIdOf({ ref: ref("s"), epoch: 1 })))).toBe(0);
  });

  it("goes on working when all of its keys are gone", async () => {
    const { queue, prefix } = openQueue(url);
    const gate = latch();
    const seen: string[] = [];
    const handler = async ({ sessionId }: SessionRef): Promise<void> => {
      seen.push(sessionId);
      if (sessionId === "held") await gate.opened;
    };
    await queue.consume({ executors: ["echo"], concurrency: 2, handler });
    await queue.wake({ ref: ref("held"), executor: "echo", epoch: 1 });
    // One wake is being handled while the keys go.
    await vi.waitFor(() => expect(seen).toEqual(["held"]));

    const redis = openRedis();
    await redis.del(...(await redis.keys(`${prefix.replaceAll(/[{}]/g, "?")}*`)));
    await queue.wake({ ref: ref("next"), executor: "echo", epoch: 1 });
    // Redis pushes at its own time.
    await vi.waitFor(() => expect(seen).toEqual(["held", "next"]), { timeout: 10_000 });
    gate.open();
    await queue.wake({ ref: ref("held"), executor: "echo", epoch: 1 });

    // Also the wake whose job had gone.
    await vi.waitFor(() => expect(seen).toEqual(["held", "next", "held"]), { timeout: 10_000 });
  });

  it("gives a worker only wakes of executors it hosts", async () => {
    const prefix = freshPrefix();
    const echoes = openQueue(url, { prefix }).queue;
    const folds = openQueue(url, { prefix }).queue;
    const echoed = recorder();
    const folded = recorder();
    await echoes.consume({ executors: ["echo"], concurrency: 2, handler: echoed.handler });
    await folds.consume({ executors: ["fold", "fold-batch"], concurrency: 2, handler: folded.handler });

    await folds.wake({ ref: ref("a"), executor: "echo", epoch: 1 });
    await echoes.wake({ ref: ref("b"), executor: "fold", epoch: 1 });
    await folded.sees("b");
    await echoes.wake({ ref: ref("c"), executor: "fold-batch", epoch: 1 });

    await echoed.sees("a");
    await folded.sees("b", "c");
  });

  it("runs at most as many handlers as it may, over all executors (Q6)", async () => {
    const { queue } = openQueue(url);
    let running = 0;
    let most = 0;
    const seen: string[] = [];
    const handler = async ({ sessionId }: SessionRef): Promise<void> => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(sessionId);
      running -= 1;
    };
    const executors = ["one", "two", "three"];
    const ids = Array.from({ length: 60 }, (_, n) => `s${n}`);
    for (const [n, id] of ids.entries()) {
      await queue.wake({ ref: ref(id), executor: executors[n % 3] as string, epoch: 1 });
    }

    await queue.consume({ executors, concurrency: 2, handler });

    // Redis pushes at its own time.
    await vi.waitFor(() => expect(seen.toSorted()).toEqual(ids.toSorted()), { timeout: 10_000 });
    expect(most).toBe(2);
  });

  it("gives room that another executor leaves to one that waits with a turn of its own", async () => {
    const { queue } = openQueue(url);
    const gates = { a: latch(), b: latch() };
    const seen: string[] = [];
    const handler = async ({ sessionId }: SessionRef): Promise<void> => {
      seen.push(sessionId);
      if (sessionId === "a") await gates.a.opened;
      if (sessionId === "b") await gates.b.opened;
    };
    await queue.consume({ executors: ["one", "two"], concurrency: 2, handler });
    await queue.wake({ ref: ref("a"), executor: "one", epoch: 1 });
    await queue.wake({ ref: ref("b"), executor: "two", epoch: 1 });
    // Both slots are taken, one by each executor.
    await vi.waitFor(() => expect(seen.toSorted()).toEqual(["a", "b"]));

    await queue.wake({ ref: ref("c"), executor: "one", epoch: 1 });
    gates.b.open();

    // The room must be found while "a" goes on.
    await vi.waitFor(() => expect(seen).toContain("c"), { timeout: 4_000 });
    gates.a.open();
  });

  it("survives a handler that throws, and says so (Q7)", async () => {
    const { queue, reports } = openQueue(url);
    const { seen, sees } = recorder();
    const handler = async ({ sessionId }: SessionRef): Promise<void> => {
      seen.push(sessionId);
      if (sessionId === "bad") throw new Error("no luck");
    };
    await queue.consume({ executors: ["echo"], concurrency: 1, handler });

    await queue.wake({ ref: ref("bad"), executor: "echo", epoch: 1 });
    await queue.wake({ ref: ref("good"), executor: "echo", epoch: 1 });

    await sees("bad", "good");
    expect(reports).toMatchObject([{ level: "error", phrase: "wake handler failed", fields: { ref: ref("bad") } }]);
  });

  it("passes over a job that is no wake", async () => {
    const { queue, reports, prefix } = openQueue(url);
    const { handler, sees } = recorder();
    await openBareQueue(prefix, "echo").add("something", { else: true });

    await queue.consume({ executors: ["echo"], concurrency: 1, handler });
    await queue.wake({ ref: ref("s"), executor: "echo", epoch: 1 });

    await sees("s");
    expect(reports).toMatchObject([{ phrase: "job is no wake" }]);
  });

  it("is consumed once", async () => {
    const { queue } = openQueue(url);
    const { handler } = recorder();
    await queue.consume({ executors: [], concurrency: 1, handler });

    const second = queue.consume({ executors: ["echo"], concurrency: 1, handler });

    await expect(second).rejects.toMatchObject({ code: "internal.bug" });
  });
});

describe("closing a wake queue", () => {
  it("waits for the handlers in flight", async () => {
    const { queue } = openQueue(url);
    const gate = latch();
    const events: string[] = [];
    const handler = async (): Promise<void> => {
      events.push("begun");
      await gate.opened;
      events.push("done");
    };
    await queue.consume({ executors: ["echo"], concurrency: 1, handler });
    await queue.wake({ ref: ref("s"), executor: "echo", epoch: 1 });
    // The handler must be running before the queue is closed.
    await vi.waitFor(() => expect(events).toEqual(["begun"]));

    const closed = queue.close().then(() => events.push("closed"));
    gate.open();
    await closed;

    expect(events).toEqual(["begun", "done", "closed"]);
  });

  it("leaves wakes it has not begun to other workers", async () => {
    const prefix = freshPrefix();
    const leaving = openQueue(url, { prefix }).queue;
    const staying = openQueue(url, { prefix }).queue;
    const gate = latch();
    const left: string[] = [];
    const handler = async ({ sessionId }: SessionRef): Promise<void> => {
      left.push(sessionId);
      await gate.opened;
    };
    await leaving.consume({ executors: ["one", "two"], concurrency: 1, handler });
    await leaving.wake({ ref: ref("a"), executor: "one", epoch: 1 });
    // The only slot is taken; the next wake waits in this process.
    await vi.waitFor(() => expect(left).toEqual(["a"]));
    await leaving.wake({ ref: ref("b"), executor: "two", epoch: 1 });
    const redis = openRedis();
    // It has to be taken from the queue for this to mean something.
    await vi.waitFor(async () => expect(await redis.llen(`${prefix}:wake-two:active`)).toBe(1));

    const closed = leaving.close();
    gate.open();
    await closed;

    const { handler: stay, sees } = recorder();
    await staying.consume({ executors: ["one", "two"], concurrency: 1, handler: stay });
    await sees("b");
    expect(left).toEqual(["a"]);
  });

  it("ends every connection it opened", async () => {
    const redis = openRedis();
    const countClients = async () => {
      const list = (await redis.client("LIST")) as string;
      return list.split("\n").filter((line) => /name=holdfast-wake/.test(line)).length;
    };
    const before = await countClients();
    const { queue } = openQueue(url);
    await queue.consume({ executors: ["echo", "fold"], concurrency: 1, handler: async () => {} });
    await queue.wake({ ref: ref("s"), executor: "echo", epoch: 1 });
    expect(await countClients()).toBe(before + 5);

    await queue.close();

    // The server notices a closed socket at its own time.
    await vi.waitFor(async () => expect(await countClients()).toBe(before));
  });
});
