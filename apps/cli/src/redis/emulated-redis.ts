/** An emulation of Redis inside this process: slow, and gone with it. Good enough to look around. */

/** A running emulation. */
export interface EmulatedRedis {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts one on a free port of the loopback. */
export async function startEmulatedRedis(): Promise<EmulatedRedis> {
  // Only loaded when it is needed: it brings an interpreter along.
  const { createRedisServer } = await import("js-redis-server");
  const server = await createRedisServer({ port: 0 });
  return { url: `redis://127.0.0.1:${server.port}`, stop: () => server.close() };
}
