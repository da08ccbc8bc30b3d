import { describe } from "vitest";
import { describeCommsDrain } from "../../../runtime/test/scenarios/comms-drain.ts";
import { describePeerBridge } from "../../../runtime/test/scenarios/peer-bridge.ts";
import { openRedisStage } from "./redis-stage.ts";

describe("Redis store", () => {
  describeCommsDrain(openRedisStage);
  describePeerBridge(openRedisStage);
});
