/**
 * The wake queue on BullMQ: a queue per executor, a job per wake.
 *
 * A job is one activation and never the truth: it has no payload, fails
 * never, leaves nothing behind, and its loss costs one sweep.
 */
import { AppError } from "@holdfast/contracts";
import { type Clock, type Report, systemClock, systemRandom, type WakeQueue } from "@holdfast/runtime";
import { WakeConsumer } from "./consumer/wake-consumer.ts";
import { WakeProducer } from "./producer/wake-producer.ts";

/** Where the queue is. */
export interface BullmqWakeQueueOptions {
  /** `redis://[user:password@]host:port[/db]`, or `rediss:`. It need not be durable, nor the ledger's. */
  readonly url: string;
  /** First part of every key. A hash tag such as `{hf.wake}` keeps a cluster happy. */
  readonly prefix: string;
  /** Told what goes wrong in the background. */
  readonly onReport?: (report: Report) => void;
  /** Wakes of one executor that may wait; those beyond are refused. */
  readonly maxBacklog?: number;
  /** @internal */
  readonly clock?: Clock;
}

/**
 * Opens a wake queue. It connects in the background: a wake that Redis does not
 * take within a second is refused, and consuming waits out an outage.
 */
export function createBullmqWakeQueue(options: BullmqWakeQueueOptions): WakeQueue {
  const { url, prefix, onReport: report = () => {}, clock = systemClock } = options;
  const limit = options.maxBacklog === undefined ? {} : { maxBacklog: options.maxBacklog };
  const producer = new WakeProducer({ url, prefix, clock, ...limit });
  let consumer: WakeConsumer | null = null;
  let closed: Promise<void> | null = null;
  const stopConsuming = async (): Promise<void> => consumer?.close();
  const close = async (): Promise<void> => {
    await stopConsuming();
    await producer.close();
  };
  return {
    wake: (wake) => producer.wake(wake),
    consume: async (consumption) => {
      if (consumer !== null) throw new AppError("internal.bug", { message: "a wake queue is consumed once" });
      consumer = new WakeConsumer({ url, prefix, clock, random: systemRandom, report, consumption });
      await consumer.ready();
    },
    stopConsuming,
    close: () => (closed ??= close()),
  };
}
