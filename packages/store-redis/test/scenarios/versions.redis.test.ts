import { describe } from "vitest";
import { describeVersions } from "../../../runtime/test/scenarios/versions.ts";
import { openRedisStage } from "./redis-stage.ts";

describe("versions of executors, on Redis", () => {
  describeVersions(openRedisStage);
});
