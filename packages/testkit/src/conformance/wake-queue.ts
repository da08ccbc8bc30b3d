/** The suite of the `WakeQueue` port. It may lose, repeat and delay; here it has no reason to. */
import type { SessionRef } from "@holdfast/contracts";
import type { WakeQueue } from "@holdfast/runtime";
import { describe, expect, it, vi } from "vitest";
import { EXECUTOR } from "../fixtures/commands.ts";
import { sessionRef } from "../fixtures/ids.ts";

/** Processes that can wake each other. */
export interface WakeQueuesUnderTest {
  /** The queue of one more process. */
  connect(): Promise<WakeQueue>;
  /** Lets time pass for wakes to travel. */
  advanceTime(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** Proves what every wake queue promises. */
export function describeWakeQueue(open: () => Promise<WakeQueuesUnderTest>): void {
  describe("wake queue", () => {
    it("hands a wake to a consumer of its executor, whatever the session's name", async () => {
      const queues = await open();
      const taken = await consume(queues);
      const refs = ["chat/42", "a:b", "{x}", "ünïcödé 🙂"].map((name) => sessionRef(name, "tenant:1"));

      const sender = await queues.connect();
      for (const ref of refs) await sender.wake({ ref, executor: EXECUTOR, epoch: 1 });

      await eventually(queues, () => expect(named(taken.refs)).toEqual(named(refs)));
      await queues.close();
    });

    it("keeps wakes that nobody consumes until somebody does", async () => {
      const queues = await open();
      const sender = await queues.connect();
      await sender.wake({ ref: sessionRef("a"), executor: EXECUTOR, epoch: 1 });
      const other = await consume(queues, { executors: ["another"] });

      const taken = await consume(queues);

      await eventually(queues, () => expect(named(taken.refs)).toEqual(["acme/a"]));
      expect(other.refs).toEqual([]);
      await queues.close();
    });

    it("hands out the wake of every activation of a session", async () => {
      const queues = await open();
      const taken = await consume(queues);
      const sender = await queues.connect();

      for (const epoch of [1, 2, 3]) {
        await sender.wake({ ref: sessionRef("a"), executor: EXECUTOR, epoch });
        await eventually(queues, () => expect(taken.refs).toHaveLength(epoch));
      }

      await queues.close();
    });

    it("runs at most as many handlers at a time as it was told to", async () => {
      const queues = await open();
      const gate = newGate();
      let [running, most] = [0, 0];
      const taken = await consume(queues, {
        concurrency: 2,
        handler: async () => {
          running += 1;
          most = Math.max(most, running);
          await gate.opened;
          running -= 1;
        },
      });
      const sender = await queues.connect();
      for (const name of ["a", "b", "c", "d"])
        await sender.wake({ ref: sessionRef(name), executor: EXECUTOR, epoch: 1 });
      await eventually(queues, () => expect(running).toBe(2));

      gate.open();

      await eventually(queues, () => expect(taken.refs).toHaveLength(4));
      expect(most).toBe(2);
      await queues.close();
    });

    it("goes on after a handler that failed", async () => {
      const queues = await open();
      const taken = await consume(queues, {
        concurrency: 1,
        handler: async ({ sessionId }) => {
          if (sessionId === "bad") throw new Error("cannot");
        },
      });
      const sender = await queues.connect();

      for (const name of ["bad", "good"]) await sender.wake({ ref: sessionRef(name), executor: EXECUTOR, epoch: 1 });

      await eventually(queues, () => expect(named(taken.refs)).toContain("acme/good"));
      await queues.close();
    });

    it("leaves what comes to others once it has stopped consuming, and can still ask for wakes", async () => {
      const queues = await open();
      const gate = newGate();
      let isThrough = false;
      const leaving = await consume(queues, { handler: () => gate.opened });
      const sender = await queues.connect();
      await sender.wake({ ref: sessionRef("a"), executor: EXECUTOR, epoch: 1 });
      await eventually(queues, () => expect(leaving.refs).toHaveLength(1));

      const stopped = leaving.queue.stopConsuming().then(() => {
        isThrough = true;
      });
      await leaving.queue.wake({ ref: sessionRef("b"), executor: EXECUTOR, epoch: 1 });
      const other = await consume(queues);
      await eventually(queues, () => expect(named(other.refs)).toEqual(["acme/b"]));
      const wasThrough = isThrough;
      gate.open();
      await stopped;

      expect(wasThrough).toBe(false);
      expect(leaving.refs).toHaveLength(1);
      await queues.close();
    });

    it("waits for handlers in flight when it closes, and takes nothing more", async () => {
      const queues = await open();
      const gate = newGate();
      let isDone = false;
      const taken = await consume(queues, {
        handler: async () => {
          await gate.opened;
          isDone = true;
        },
      });
      const sender = await queues.connect();
      await sender.wake({ ref: sessionRef("a"), executor: EXECUTOR, epoch: 1 });
      await eventually(queues, () => expect(taken.refs).toHaveLength(1));

      const closed = taken.queue.close();
      await sender.wake({ ref: sessionRef("b"), executor: EXECUTOR, epoch: 1 });
      gate.open();
      await closed;

      expect(isDone).toBe(true);
      expect(taken.refs).toHaveLength(1);
      const successor = await consume(queues);
      await eventually(queues, () => expect(named(successor.refs)).toContain("acme/b"));
      await queues.close();
    });
  });
}

async function consume(
  queues: WakeQueuesUnderTest,
  options: {
    readonly executors?: readonly string[];
    readonly concurrency?: number;
    readonly handler?: (ref: SessionRef) => Promise<void>;
  } = {},
) {
  const queue = await queues.connect();
  const refs: SessionRef[] = [];
  const { executors = [EXECUTOR], concurrency = 10, handler } = options;
  await queue.consume({
    executors,
    concurrency,
    handler: async (ref) => {
      refs.push(ref);
      await handler?.(ref);
    },
  });
  return { queue, refs };
}

function newGate() {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

function named(refs: readonly SessionRef[]): string[] {
  return refs.map(({ tenantId, sessionId }) => `${tenantId}/${sessionId}`).sort();
}

async function eventually(queues: WakeQueuesUnderTest, check: () => void): Promise<void> {
  // Between processes there is no moment at which a wake must have arrived.
  await vi.waitFor(
    async () => {
      await queues.advanceTime(1);
      check();
    },
    { timeout: 10_000, interval: 5 },
  );
}
