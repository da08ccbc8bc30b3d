import { describe } from "vitest";
import { describeBatches } from "./batches.ts";
import { describeLanes } from "./lanes.ts";
import { openMemoryStage } from "./memory-stage.ts";
import { describeSupersession } from "./supersession.ts";

describe("lanes, batches and supersession, on the store in process", () => {
  describeLanes(openMemoryStage);
  describeBatches(openMemoryStage);
  describeSupersession(openMemoryStage);
});
