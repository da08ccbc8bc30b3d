import { describe } from "vitest";
import { describeCommsDrain } from "../../../runtime/test/scenarios/comms-drain.ts";
import { openRedisStage } from "./redis-stage.ts";

describe("Redis store", () => {
  describeCommsDrain(openRedisStage);
});
