import { describeWakeQueue } from "@holdfast/testkit";
import { inject } from "vitest";
import { freshPrefix, openQueue } from "./support/queue-bench.ts";

describeWakeQueue(async () => {
  const prefix = freshPrefix();
  return {
    // Closed after the test, with whatever else a test leaves open.
    connect: async () => openQueue(inject("redisUrl"), { prefix }).queue,
    advanceTime: async () => {},
    close: async () => {},
  };
});
