import { PassThrough } from "node:stream";
import { text as readText } from "node:stream/consumers";
import type { EventEnvelope } from "@holdfast/contracts";
import { afterEach, describe, expect, it, vi } from "vitest";
import { writeEventStream } from "../src/event/event-stream.ts";

const endless = { heartbeatMs: 3_600_000, stallMs: 3_600_000, onFailure: () => {} };

function envelope(cursor: number): EventEnvelope {
  const event = { type: "runtime.bound", executor: "x".repeat(1_000) } as const;
  const at = new Date(0).toISOString();
  return { id: `${cursor}.1`, cursor, at, sessionId: "s", category: "runtime_state_change", event };
}

/** Events that count how many were taken. */
function counted(total: number) {
  const taken = { count: 0 };
  async function* events() {
    while (taken.count < total) {
      taken.count += 1;
      yield envelope(taken.count);
    }
  }
  return { taken, events: events() };
}

/** Lets everything run that does not wait for the outside. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

afterEach(() => {
  vi.useRealTimers();
});

describe("a reader that does not read", () => {
  it("has one event taken for it beyond what its buffer holds (E2)", async () => {
    const output = new PassThrough({ highWaterMark: 4_096 });
    const { taken, events } = counted(10_000);
    const { signal } = new AbortController();

    const written = writeEventStream(output, { ...endless, events, signal });
    await settle();

    const waiting = taken.count;
    expect(waiting).toBeLessThan(20);
    const text = await readText(output);
    await written;
    expect(taken.count).toBe(10_000);
    expect(text.match(/^id: /gm)).toHaveLength(10_000);
    expect(text.endsWith("event: end\ndata: {}\n\n")).toBe(true);
  });

  it("gets no heartbeats on top", async () => {
    const output = new PassThrough({ highWaterMark: 64 });
    const controller = new AbortController();
    const write = vi.spyOn(output, "write");
    const { events } = counted(10);

    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });

    const written = writeEventStream(output, { ...endless, heartbeatMs: 1_000, events, signal: controller.signal });
    await settle();
    const calls = write.mock.calls.length;
    vi.advanceTimersByTime(20_000);

    expect(write.mock.calls).toHaveLength(calls);
    controller.abort();
    await written;
  });

  it("is disconnected when it goes on for too long (E4)", async () => {
    const output = new PassThrough({ highWaterMark: 64 });
    const { taken, events } = counted(10_000);
    const controller = new AbortController();
    output.once("close", () => controller.abort());

    await writeEventStream(output, { ...endless, stallMs: 5, events, signal: controller.signal });

    expect(output.destroyed).toBe(true);
    expect(taken.count).toBeLessThan(20);
  });

  it("does not hold up a shutdown", async () => {
    const output = new PassThrough({ highWaterMark: 64 });
    const controller = new AbortController();
    const { events } = counted(10_000);

    const written = writeEventStream(output, { ...endless, events, signal: controller.signal });
    await settle();
    controller.abort();

    await written;
    expect(output.writableEnded).toBe(true);
  });
});

it("reports a failure once, and none that an abort caused", async () => {
  const onFailure = vi.fn<(error: unknown) => void>();
  const controller = new AbortController();
  async function* failing(): AsyncGenerator<EventEnvelope> {
    yield envelope(1);
    throw new Error("no");
  }

  await writeEventStream(new PassThrough(), { ...endless, onFailure, events: failing(), signal: controller.signal });
  controller.abort();
  await writeEventStream(new PassThrough(), { ...endless, onFailure, events: failing(), signal: controller.signal });

  expect(onFailure).toHaveBeenCalledTimes(1);
});
