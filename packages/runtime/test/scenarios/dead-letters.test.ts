import { describe } from "vitest";
import { describeDeadLetterVerbs } from "./dead-letters.ts";
import { openMemoryStage } from "./memory-stage.ts";

describe("dead letters, on the store in process", () => {
  describeDeadLetterVerbs(openMemoryStage);
});
