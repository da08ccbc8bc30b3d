import { describe } from "vitest";
import { describeAwaitingRuns } from "../../../runtime/test/scenarios/awaiting-runs.ts";
import { describeIdleWake } from "../../../runtime/test/scenarios/idle-wake.ts";
import { describeOperationWaits } from "../../../runtime/test/scenarios/operation-waits.ts";
import { describeOperations } from "../../../runtime/test/scenarios/operations.ts";
import { openRedisStage } from "./redis-stage.ts";

describe("Redis store", () => {
  describeOperations(openRedisStage);
  describeOperationWaits(openRedisStage);
  describeIdleWake(openRedisStage);
  describeAwaitingRuns(openRedisStage);
});
