import { describe } from "vitest";
import { describeInputs } from "../../../runtime/test/scenarios/inputs.ts";
import { describePolicies } from "../../../runtime/test/scenarios/policies.ts";
import { describeRendering } from "../../../runtime/test/scenarios/rendering.ts";
import { openRedisStage } from "./redis-stage.ts";

describe("inputs, on Redis", () => {
  describeInputs(openRedisStage);
  describePolicies(openRedisStage);
  describeRendering(openRedisStage);
});
