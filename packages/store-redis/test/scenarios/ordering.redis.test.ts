import { describe } from "vitest";
import { describeBatches } from "../../../runtime/test/scenarios/batches.ts";
import { describeLanes } from "../../../runtime/test/scenarios/lanes.ts";
import { describeSupersession } from "../../../runtime/test/scenarios/supersession.ts";
import { openRedisStage } from "./redis-stage.ts";

describe("lanes, batches and supersession, on Redis", () => {
  describeLanes(openRedisStage);
  describeBatches(openRedisStage);
  describeSupersession(openRedisStage);
});
