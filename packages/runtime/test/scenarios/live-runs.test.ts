import { describe } from "vitest";
import { describeInterruptions } from "./interruptions.ts";
import { describeLiveRuns } from "./live-runs.ts";
import { openMemoryStage } from "./memory-stage.ts";
import { describePipeline } from "./pipeline.ts";
import { describeRunCommits } from "./run-commits.ts";
import { describeRunLoop } from "./run-loop.ts";

describe("runs in progress, on the store in process", () => {
  describeLiveRuns(openMemoryStage);
  describeInterruptions(openMemoryStage);
  describePipeline(openMemoryStage);
});

describe("the run loop, on the store in process", () => {
  describeRunLoop(openMemoryStage);
  describeRunCommits(openMemoryStage);
});
