import { describe } from "vitest";
import { describeLiveRuns } from "../../../runtime/test/scenarios/live-runs.ts";
import { openRedisStage } from "./redis-stage.ts";

describe("runs in progress, on Redis", () => {
  describeLiveRuns(openRedisStage);
});
