import { stagesOn } from "../../../runtime/test/scenarios/stage.ts";
import { openTimedStore } from "../open-store.ts";

/** A stage on a real Redis whose scripts read the world's time. */
export const openRedisStage = stagesOn(async ({ notices, options: { retention = {} } }) => {
  const { store, advanceTime, close } = await openTimedStore({ retention });
  return {
    // Processes share a connection; what one of them loses is lost before it gets here.
    connect: () => ({ ...store, notifier: notices.connect(), close: async () => {} }),
    advanceTime,
    close,
  };
});
