import { describe } from "vitest";
import { openMemoryStage } from "./memory-stage.ts";
import { describeOverlap } from "./overlap.ts";
import { describeSchedules } from "./schedules.ts";
import { describeSignals } from "./signals.ts";
import { describeSyncRun } from "./sync-run.ts";

describe("memory store", () => {
  describeSyncRun(openMemoryStage);
  describeSignals(openMemoryStage);
  describeOverlap(openMemoryStage);
  describeSchedules(openMemoryStage);
});
