import { describe } from "vitest";
import { describeDedupe } from "../../../runtime/test/scenarios/dedupe.ts";
import { describeInputLifecycle } from "../../../runtime/test/scenarios/input-lifecycle.ts";
import { openRedisStage } from "./redis-stage.ts";

describe("keys and lives of inputs, on Redis", () => {
  describeDedupe(openRedisStage);
  describeInputLifecycle(openRedisStage);
});
