import { describeNotifier, describeStore } from "@holdfast/testkit";
import { describe } from "vitest";
import { freshNamespace, openRedisStore, openTimedStore, type TimedStore } from "./open-store.ts";

describe("Redis store", () => {
  describeStore(openRedisStore);
  describeNotifier(async () => {
    const namespace = freshNamespace();
    const opened: TimedStore[] = [];
    return {
      connect: async () => {
        const process = await openTimedStore({ namespace });
        opened.push(process);
        return process.store.notifier;
      },
      // Messages travel in the server's own time.
      advanceTime: async () => {},
      close: async () => {
        for (const { close } of opened) await close();
      },
    };
  });
});
