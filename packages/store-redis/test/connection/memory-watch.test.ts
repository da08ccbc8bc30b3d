import { describe, expect, it } from "vitest";
import { MemoryWatch } from "../../src/connection/memory-watch.ts";

const READ_MS = 1_000;

/** A watch on a server that a test fills, by a clock that it moves. */
function watchOf(limitBytes: number) {
  const server = { used: 0, uncounted: 0, limitBytes, readings: 0, isSilent: false };
  let now = 0;
  const watch = new MemoryWatch({
    limits: { watermark: 0.9, readMs: READ_MS },
    monotonic: () => now,
    readInfo: async () => {
      server.readings += 1;
      if (server.isSilent) throw new Error("NOPERM");
      return [
        `used_memory:${server.used}`,
        "used_memory_peak:9999",
        `mem_not_counted_for_evict:${server.uncounted}`,
        `maxmemory:${server.limitBytes}`,
        "maxmemory_policy:noeviction",
      ].join("\r\n");
    },
  });
  return { watch, server, advance: (ms: number) => void (now += ms) };
}

describe("the watch on a server's memory", () => {
  it("tells what is used from the watermark on, and nothing below it [G14]", async () => {
    const { watch, server, advance } = watchOf(1_000);
    server.used = 899;
    expect(await watch.findShortage()).toBeNull();

    server.used = 900;
    advance(READ_MS);

    expect(await watch.findShortage()).toEqual({ usedBytes: 900, limitBytes: 1_000 });
    expect(watch.isFull()).toBe(true);
  });

  it("does not count what the server itself does not count", async () => {
    const { watch, server } = watchOf(1_000);
    Object.assign(server, { used: 950, uncounted: 100 });

    expect(await watch.findShortage()).toBeNull();
  });

  it("asks the server at most once in a while, however many ask", async () => {
    const { watch, server, advance } = watchOf(1_000);
    for (let asked = 0; asked < 100; asked += 1) watch.isFull();
    await watch.findShortage();
    expect(server.readings).toBe(1);

    advance(READ_MS - 1);
    watch.isFull();
    expect(server.readings).toBe(1);
    advance(1);
    watch.isFull();
    expect(server.readings).toBe(2);
  });

  it("lets through what was refused by a reading that is too old", async () => {
    const { watch, server, advance } = watchOf(1_000);
    server.used = 1_000;
    await watch.look();
    server.used = 10;
    advance(READ_MS);

    expect(watch.isFull()).toBe(true);
    expect(await watch.findShortage()).toBeNull();
  });

  it("finds a server without a limit, or one that does not tell, never full", async () => {
    const { watch, server, advance } = watchOf(0);
    server.used = 1_000_000;
    expect(await watch.findShortage()).toBeNull();

    Object.assign(server, { limitBytes: 10, isSilent: true });
    advance(READ_MS);
    expect(await watch.findShortage()).toBeNull();
  });
});
