import { describe } from "vitest";
import { describeControlPlane } from "../../../runtime/test/scenarios/control-plane.ts";
import { describeRegistration } from "../../../runtime/test/scenarios/registration.ts";
import { openRedisStage } from "./redis-stage.ts";

describe("registration on the Redis", () => {
  describeRegistration(openRedisStage);
});

describe("the control plane on the Redis", () => {
  describeControlPlane(openRedisStage);
});
