import { createVirtualClock, type StoreFactory } from "@holdfast/testkit";
import { createMemoryStore } from "../src/index.ts";

/** A memory store with a clock of its own. */
export const openMemoryStore: StoreFactory = async (options = {}) => {
  const clock = createVirtualClock();
  const ports = createMemoryStore({ clock, ...options });
  return { ports, now: () => clock.now(), advanceTime: (ms) => clock.advance(ms), close: () => ports.close() };
};
