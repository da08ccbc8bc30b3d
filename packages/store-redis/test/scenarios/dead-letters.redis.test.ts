import { describe } from "vitest";
import { describeDeadLetterVerbs } from "../../../runtime/test/scenarios/dead-letters.ts";
import { openRedisStage } from "./redis-stage.ts";

describe("dead letters, on Redis", () => {
  describeDeadLetterVerbs(openRedisStage);
});
