import { describe } from "vitest";
import { describeDedupe } from "./dedupe.ts";
import { describeInputLifecycle } from "./input-lifecycle.ts";
import { openMemoryStage } from "./memory-stage.ts";

describe("keys and lives of inputs, on the store in process", () => {
  describeDedupe(openMemoryStage);
  describeInputLifecycle(openMemoryStage);
});
