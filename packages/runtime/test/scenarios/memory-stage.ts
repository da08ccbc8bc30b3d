import { createMemoryStore } from "@holdfast/store-memory";
import { stagesOn } from "./stage.ts";

/** A stage on the store in process, which reads the world's clock. */
export const openMemoryStage = stagesOn(async ({ clock, notices, options }) => {
  const store = createMemoryStore({ clock, notifier: notices, ...options });
  return { connect: () => store.connect(), advanceTime: async () => {}, close: () => store.close() };
});
