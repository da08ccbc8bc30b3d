import type { ChainableCommander } from "ioredis";

/** Sends the commands of a pipeline in one round trip; answers their replies, and rejects with the first error among them. */
export async function execPipeline(pipeline: ChainableCommander): Promise<unknown[]> {
  const replies = (await pipeline.exec()) ?? [];
  return replies.map(([error, reply]) => {
    if (error !== null) throw error;
    return reply;
  });
}
