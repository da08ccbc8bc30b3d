import { describe } from "vitest";
import { describeCompletions } from "./completions.ts";
import { openMemoryStage } from "./memory-stage.ts";
import { describeReceipts } from "./receipts.ts";

describe("store in process", () => {
  describeReceipts(openMemoryStage);
  describeCompletions(openMemoryStage);
});
