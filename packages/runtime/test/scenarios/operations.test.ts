import { describe } from "vitest";
import { describeIdleWake } from "./idle-wake.ts";
import { openMemoryStage } from "./memory-stage.ts";
import { describeOperationWaits } from "./operation-waits.ts";
import { describeOperations } from "./operations.ts";

describe("memory store", () => {
  describeOperations(openMemoryStage);
  describeOperationWaits(openMemoryStage);
  describeIdleWake(openMemoryStage);
});
