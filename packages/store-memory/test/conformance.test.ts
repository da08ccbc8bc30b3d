import {
  createVirtualClock,
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
  describeWakeQueue,
} from "@holdfast/testkit";
import { describe } from "vitest";
import { createMemoryNotifier, createMemoryWakeQueue } from "../src/index.ts";
import { openMemoryStore } from "./open-store.ts";

describe("memory store", () => {
  describeLedger(openMemoryStore);
  describeControl(openMemoryStore);
  describeDirectory(openMemoryStore);
  describeDeliveries(openMemoryStore);
  describeArchive(openMemoryStore);
  describeJournal(openMemoryStore);
  describePresence(openMemoryStore);
  describeProjections(openMemoryStore);
  describeDrainSlots(openMemoryStore);
  describeUnregistration(openMemoryStore);
  describeDeadLetters(openMemoryStore);
  describeLimits(openMemoryStore);
  describeRetention(openMemoryStore);
  describeSchedules(openMemoryStore);
  describeStreams(openMemoryStore);
  describeOperations(openMemoryStore);
  describeDirectRuns(openMemoryStore);
  describeBlobs(openMemoryStore);
  describeNotifier(async () => {
    const clock = createVirtualClock();
    const hub = createMemoryNotifier({ clock });
    return { connect: async () => hub.connect(), advanceTime: (ms) => clock.advance(ms), close: async () => {} };
  });
  describeWakeQueue(async () => {
    const clock = createVirtualClock();
    const hub = createMemoryWakeQueue({ clock });
    return { connect: async () => hub.connect(), advanceTime: (ms) => clock.advance(ms), close: async () => {} };
  });
});
