import { describe } from "vitest";
import { describeCommsDrain } from "./comms-drain.ts";
import { openMemoryStage } from "./memory-stage.ts";
import { describePeerBridge } from "./peer-bridge.ts";

describe("memory store", () => {
  describeCommsDrain(openMemoryStage);
  describePeerBridge(openMemoryStage);
});
