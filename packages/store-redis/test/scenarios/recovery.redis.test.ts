import { describe } from "vitest";
import { describeRecovery } from "../../../runtime/test/scenarios/recovery.ts";
import { describeStates } from "../../../runtime/test/scenarios/states.ts";
import { openRedisStage } from "./redis-stage.ts";

describe("recovery on the Redis", () => {
  describeRecovery(openRedisStage);
});

describe("phases on the Redis", () => {
  describeStates(openRedisStage);
});
