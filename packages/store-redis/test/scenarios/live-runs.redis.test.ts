import { describe } from "vitest";
import { describeInterruptions } from "../../../runtime/test/scenarios/interruptions.ts";
import { describeLiveRuns } from "../../../runtime/test/scenarios/live-runs.ts";
import { describePipeline } from "../../../runtime/test/scenarios/pipeline.ts";
import { describeRunCommits } from "../../../runtime/test/scenarios/run-commits.ts";
import { describeRunLoop } from "../../../runtime/test/scenarios/run-loop.ts";
import { openRedisStage } from "./redis-stage.ts";

describe("runs in progress, on Redis", () => {
  describeLiveRuns(openRedisStage);
  describeInterruptions(openRedisStage);
  describePipeline(openRedisStage);
});

describe("the run loop, on Redis", () => {
  describeRunLoop(openRedisStage);
  describeRunCommits(openRedisStage);
});
