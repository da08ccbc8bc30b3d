export { type BullmqWakeQueueOptions, createBullmqWakeQueue } from "./bullmq-wake-queue.ts";
