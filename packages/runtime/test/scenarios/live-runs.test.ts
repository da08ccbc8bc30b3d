import { describe } from "vitest";
import { describeLiveRuns } from "./live-runs.ts";
import { openMemoryStage } from "./memory-stage.ts";

describe("runs in progress, on the store in process", () => {
  describeLiveRuns(openMemoryStage);
});
