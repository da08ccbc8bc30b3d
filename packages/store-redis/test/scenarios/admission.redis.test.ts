import { describe } from "vitest";
import { describeOverlap } from "../../../runtime/test/scenarios/overlap.ts";
import { describeSchedules } from "../../../runtime/test/scenarios/schedules.ts";
import { describeSignals } from "../../../runtime/test/scenarios/signals.ts";
import { describeSyncRun } from "../../../runtime/test/scenarios/sync-run.ts";
import { openRedisStage } from "./redis-stage.ts";

describe("Redis store", () => {
  describeSyncRun(openRedisStage);
  describeSignals(openRedisStage);
  describeOverlap(openRedisStage);
  describeSchedules(openRedisStage);
});
