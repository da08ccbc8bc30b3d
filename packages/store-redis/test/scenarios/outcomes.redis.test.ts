import { describe } from "vitest";
import { describeCompletions } from "../../../runtime/test/scenarios/completions.ts";
import { describeReceipts } from "../../../runtime/test/scenarios/receipts.ts";
import { openRedisStage } from "./redis-stage.ts";

describe("Redis store", () => {
  describeReceipts(openRedisStage);
  describeCompletions(openRedisStage);
});
