import { describe } from "vitest";
import { describeLiveRuns } from "../../../runtime/test/scenarios/live-runs.ts";
import { describeRunCommits } from "../../../runtime/test/scenarios/run-commits.ts";
import { describeRunLoop } from "../../../runtime/test/scenarios/run-loop.ts";
import { openRedisStage } from "./redis-stage.ts";

describe("runs in progress, on Redis", () => {
  describeLiveRuns(openRedisStage);
});

describe("the run loop, on Redis", () => {
  describeRunLoop(openRedisStage);
  describeRunCommits(openRedisStage);
});
