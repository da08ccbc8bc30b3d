import { createVirtualClock, describeNotifier, describeStore, describeWakeQueue } from "@holdfast/testkit";
import { describe } from "vitest";
import { createMemoryNotifier, createMemoryWakeQueue } from "../src/index.ts";
import { openMemoryStore } from "./open-store.ts";

describe("memory store", () => {
  describeStore(openMemoryStore);
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
