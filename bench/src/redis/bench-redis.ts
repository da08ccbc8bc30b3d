/** The one Redis of a run, and a client to look at it with. */
import { type Persistence, type PrivateRedis, startPrivateRedis } from "@holdfast/redis-server";
import { Redis } from "ioredis";

/** A running server. */
export interface BenchRedis extends Pick<PrivateRedis, "url" | "pid" | "stop"> {
  readonly persistence: Persistence;
  /** For looking at the server; it carries no load. */
  readonly client: Redis;
}

/** Starts a server; its data goes with it. */
export async function startRedis(persistence: Persistence): Promise<BenchRedis> {
  const { url, pid, stop } = await startPrivateRedis({ persistence });
  const client = new Redis(url, { retryStrategy: () => null });
  client.on("error", () => {}); // Reported by the call that meets it.
  return {
    url,
    pid,
    persistence,
    client,
    stop: async () => {
      client.disconnect();
      await stop();
    },
  };
}
