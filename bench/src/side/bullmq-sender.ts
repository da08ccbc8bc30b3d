import { Queue, QueueEvents } from "bullmq";
import { Redis } from "ioredis";
import { closedLoop, MESSAGE_TEXT, pingPong, type Send, sessionName } from "../load/closed-loop.ts";
import { COUNTERS_KEY } from "./bullmq-worker.ts";
import type { Sender } from "./roles.ts";

/** Where to send. */
export interface BullmqSenderOptions {
  readonly url: string;
  readonly queue: string;
}

/** Sends plain BullMQ jobs and waits for each through `waitUntilFinished`. */
export async function openBullmqSender({ url, queue: name }: BullmqSenderOptions): Promise<Sender> {
  const reader = new Redis(url);
  const queue = new Queue(name, { connection: { url } });
  const events = new QueueEvents(name, { connection: { url } });
  // Every job that is waited for listens on its own.
  queue.setMaxListeners(0);
  events.setMaxListeners(0);
  await Promise.all([queue.waitUntilReady(), events.waitUntilReady()]);
  const send: Send = async (session) => {
    const job = await queue.add("message", { session, text: MESSAGE_TEXT });
    return (await job.waitUntilFinished(events)) as number;
  };
  return {
    load: (plan) => closedLoop(send, plan),
    ping: (plan) => pingPong(send, plan),
    total: async ({ prefix, sessions }) => {
      const names = Array.from({ length: sessions }, (_, index) => sessionName(prefix, index));
      const counts = await reader.hmget(COUNTERS_KEY, ...names);
      return counts.reduce((sum, count) => sum + Number(count ?? 0), 0);
    },
    close: async () => {
      await events.close();
      await queue.close();
      reader.disconnect();
    },
  };
}
