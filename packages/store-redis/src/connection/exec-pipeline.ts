import type { ChainableCommander, Redis } from "ioredis";
import { isTransactionRefused } from "./redis-errors.ts";

/** Sends the commands of a pipeline in one round trip; answers their replies, and rejects with the first error among them. */
export async function execPipeline(pipeline: ChainableCommander): Promise<unknown[]> {
  const replies = (await pipeline.exec()) ?? [];
  return replies.map(([error, reply]) => {
    if (error !== null) throw error;
    return reply;
  });
}

/**
 * Reads what belongs together in one transaction. A server at its memory limit
 * takes no transaction, not even one of reads: then they are sent in one round
 * trip, and somebody else's write may come between two of them.
 */
export async function readTogether(
  client: Redis,
  ask: (chain: ChainableCommander) => ChainableCommander,
): Promise<unknown[]> {
  try {
    return await execPipeline(ask(client.multi()));
  } catch (error) {
    if (!isTransactionRefused(error)) throw error;
    return execPipeline(ask(client.pipeline()));
  }
}
