import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { SessionRef } from "@holdfast/contracts";
import { freePort, startPrivateRedis } from "@holdfast/redis-server";
import { createVirtualClock } from "@holdfast/testkit";
import { Redis } from "ioredis";
import { describe, expect, inject, it, vi } from "vitest";
import { startBlackHole } from "./support/black-hole.ts";
import { after, openQueue, ref } from "./support/queue-bench.ts";

const url = inject("redisUrl");

async function elapsed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

/** How long a wake took to be refused. */
async function refusal(wakes: () => Promise<unknown>): Promise<number> {
  return elapsed(async () => {
    await expect(wakes()).rejects.toMatchObject({ code: "store.unavailable" });
  });
}

/** Something at the address accepts connections and says nothing, ever. */
async function startSilence(): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => sockets.add(socket)).listen(0, "127.0.0.1");
  await once(server, "listening");
  after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `redis://127.0.0.1:${(server.address() as { port: number }).port}`;
}

async function openPrivateRedis() {
  const redis = await startPrivateRedis();
  after(() => redis.stop());
  const admin = new Redis(redis.url);
  admin.on("error", () => {});
  after(() => admin.disconnect());
  return { redis, admin };
}

function recorder() {
  const seen: string[] = [];
  const handler = async ({ sessionId }: SessionRef): Promise<void> => {
    seen.push(sessionId);
  };
  return { seen, handler };
}

describe("waking while Redis is away", () => {
  it("is refused at once when nobody listens (Q1)", async () => {
    const { queue } = openQueue(`redis://127.0.0.1:${await freePort()}`);

    const ms = await refusal(() => queue.wake({ ref: ref("s"), executor: "echo", epoch: 1 }));

    expect(ms).toBeLessThan(1_200);
  });

  it("is refused within a second when the server says nothing (Q1)", async () => {
    const { queue } = openQueue(await startSilence());

    const wakes = Array.from({ length: 50 }, (_, n) =>
      refusal(() => queue.wake({ ref: ref(`s${n}`), executor: "echo", epoch: 1 })),
    );
    const ms = Math.max(...(await Promise.all(wakes)));

    expect(ms).toBeLessThan(1_500);
  });

  it("is refused within a second when the server freezes, and works again afterwards (Q1)", async () => {
    const { redis } = await openPrivateRedis();
    const { queue } = openQueue(redis.url);
    await queue.wake({ ref: ref("before"), executor: "echo", epoch: 1 });
    redis.signal("SIGSTOP");
    const ms = await refusal(() => queue.wake({ ref: ref("during"), executor: "echo", epoch: 1 }));

    redis.signal("SIGCONT");

    expect(ms).toBeLessThan(1_500);
    // The connection takes what was sent meanwhile first.
    await vi.waitFor(() => queue.wake({ ref: ref("after"), executor: "echo", epoch: 1 }), { timeout: 5_000 });
  });

  it("is refused while a queue is full that nobody empties (Q3)", async () => {
    const { queue } = openQueue(url, { maxBacklog: 3 });
    const woken = (n: number) => queue.wake({ ref: ref(`s${n}`), executor: "nobody", epoch: 1 });
    for (let n = 0; n < 3; n += 1) await woken(n);

    // The length is looked at once a second.
    await vi.waitFor(() => expect(woken(0)).rejects.toMatchObject({ code: "store.unavailable" }), { timeout: 5_000 });
    await expect(queue.wake({ ref: ref("s"), executor: "other", epoch: 1 })).resolves.toBeUndefined();
  });
});

describe("consuming while Redis is away", () => {
  it("begins without Redis and takes wakes when it comes", async () => {
    const { redis } = await openPrivateRedis();
    await redis.kill();
    const { queue, reports } = openQueue(redis.url);
    const { seen, handler } = recorder();

    await queue.consume({ executors: ["echo"], concurrency: 1, handler });
    await redis.restart();

    expect(reports).toMatchObject([{ phrase: "wake queue not ready" }]);
    // Both ends connect again at their own time.
    await vi.waitFor(() => queue.wake({ ref: ref("s"), executor: "echo", epoch: 1 }), { timeout: 5_000 });
    // So does the worker.
    await vi.waitFor(() => expect(seen).toEqual(["s"]), { timeout: 10_000 });
  });

  it("takes wakes again after Redis was killed and came back empty", async () => {
    const { redis } = await openPrivateRedis();
    const { queue } = openQueue(redis.url);
    const { seen, handler } = recorder();
    await queue.consume({ executors: ["echo"], concurrency: 1, handler });
    await queue.wake({ ref: ref("before"), executor: "echo", epoch: 1 });
    // The worker must be at work before the server goes.
    await vi.waitFor(() => expect(seen).toEqual(["before"]));

    await redis.kill();
    await redis.restart();

    // Both ends connect again at their own time.
    await vi.waitFor(() => queue.wake({ ref: ref("after"), executor: "echo", epoch: 1 }), { timeout: 5_000 });
    // So does the worker.
    await vi.waitFor(() => expect(seen).toEqual(["before", "after"]), { timeout: 15_000 });
  });

  it("does not spin on a server that refuses writes (Q4)", async () => {
    const { redis, admin } = await openPrivateRedis();
    const { queue, reports } = openQueue(redis.url);
    const { seen, handler } = recorder();
    await admin.config("SET", "min-replicas-to-write", "1");
    const begun = performance.now();

    await queue.consume({ executors: ["echo"], concurrency: 1, handler });
    // Time has to pass for refusals to add up.
    await vi.waitFor(() => expect(performance.now() - begun).toBeGreaterThan(3_000), { timeout: 5_000 });
    const refused = /errorstat_NOREPLICAS:count=(\d+)/.exec(await admin.info("errorstats"));

    expect(Number(refused?.[1])).toBeGreaterThan(5);
    expect(Number(refused?.[1])).toBeLessThan(100);
    expect(reports[0]).toMatchObject({ phrase: "wake worker paused after errors", fields: { errors: 6 } });
    await admin.config("SET", "min-replicas-to-write", "0");
    await queue.wake({ ref: ref("s"), executor: "echo", epoch: 1 });
    // The worker resumes after its pause.
    await vi.waitFor(() => expect(seen).toEqual(["s"]), { timeout: 15_000 });
  }, 30_000);

  it("replaces a worker that does not come back (Q5)", async () => {
    const hole = await startBlackHole(url);
    after(() => hole.close());
    const clock = createVirtualClock();
    const { queue, reports, prefix } = openQueue(hole.url, { clock });
    const sender = openQueue(url, { prefix }).queue;
    const { seen, handler } = recorder();
    await queue.consume({ executors: ["echo"], concurrency: 1, handler });
    await sender.wake({ ref: ref("before"), executor: "echo", epoch: 1 });
    // The worker must be at work before its connections go silent.
    await vi.waitFor(() => expect(seen).toEqual(["before"]));

    hole.swallow();
    await sender.wake({ ref: ref("after"), executor: "echo", epoch: 1 });
    await clock.advance(31_000);

    // The new worker connects at its own time.
    await vi.waitFor(() => expect(seen).toEqual(["before", "after"]), { timeout: 5_000 });
    expect(reports).toMatchObject([{ phrase: "silent wake worker replaced" }]);
  });

  it("lets a worker be that has no room", async () => {
    const clock = createVirtualClock();
    const { queue, reports } = openQueue(url, { clock });
    let end = (): void => {};
    const seen: string[] = [];
    const handler = ({ sessionId }: SessionRef): Promise<void> => {
      seen.push(sessionId);
      return new Promise((resolve) => {
        end = resolve;
      });
    };
    await queue.consume({ executors: ["echo"], concurrency: 1, handler });
    await queue.wake({ ref: ref("long"), executor: "echo", epoch: 1 });
    // The handler must be running before time goes on.
    await vi.waitFor(() => expect(seen).toEqual(["long"]));

    await clock.advance(600_000);
    end();

    expect(reports).toEqual([]);
  });

  it("closes in seconds while Redis is away", async () => {
    const { redis } = await openPrivateRedis();
    const { queue } = openQueue(redis.url);
    await queue.consume({ executors: ["echo"], concurrency: 1, handler: async () => {} });
    await redis.kill();

    const ms = await elapsed(() => queue.close());

    expect(ms).toBeLessThan(4_000);
  });
});
