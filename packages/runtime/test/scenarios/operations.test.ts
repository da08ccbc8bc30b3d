import { describe } from "vitest";
import { describeAwaitingRuns } from "./awaiting-runs.ts";
import { describeIdleWake } from "./idle-wake.ts";
import { openMemoryStage } from "./memory-stage.ts";
import { describeOperationWaits } from "./operation-waits.ts";
import { describeOperations } from "./operations.ts";

describe("memory store", () => {
  describeOperations(openMemoryStage);
  describeOperationWaits(openMemoryStage);
  describeIdleWake(openMemoryStage);
  describeAwaitingRuns(openMemoryStage);
});
