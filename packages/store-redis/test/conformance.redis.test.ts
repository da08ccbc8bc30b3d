import {
  describeArchive,
  describeBlobs,
  describeControl,
  describeDeadLetters,
  describeDeliveries,
  describeDirectory,
  describeDirectRuns,
  describeDrainSlots,
  describeJournal,
  describeLedger,
  describeLimits,
  describeNotifier,
  describeOperations,
  describePresence,
  describeProjections,
  describeRetention,
  describeSchedules,
  describeStreams,
  describeUnregistration,
} from "@holdfast/testkit";
import { describe } from "vitest";
import { freshNamespace, openRedisStore, openTimedStore, type TimedStore } from "./open-store.ts";

describe("Redis store", () => {
  describeLedger(openRedisStore);
  describeControl(openRedisStore);
  describeDirectory(openRedisStore);
  describeDeliveries(openRedisStore);
  describeArchive(openRedisStore);
  describeJournal(openRedisStore);
  describePresence(openRedisStore);
  describeProjections(openRedisStore);
  describeDrainSlots(openRedisStore);
  describeUnregistration(openRedisStore);
  describeDeadLetters(openRedisStore);
  describeLimits(openRedisStore);
  describeRetention(openRedisStore);
  describeSchedules(openRedisStore);
  describeStreams(openRedisStore);
  describeOperations(openRedisStore);
  describeDirectRuns(openRedisStore);
  describeBlobs(openRedisStore);
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
