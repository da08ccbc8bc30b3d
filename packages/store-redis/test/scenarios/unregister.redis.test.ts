import { describe } from "vitest";
import { describeUnregister } from "../../../runtime/test/scenarios/unregister.ts";
import { openRedisStage } from "./redis-stage.ts";

describe("unregister on Redis", () => {
  describeUnregister(openRedisStage);
});
