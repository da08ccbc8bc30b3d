import { describe } from "vitest";
import { openMemoryStage } from "./memory-stage.ts";
import { describeRecovery } from "./recovery.ts";
import { describeStates } from "./states.ts";

describe("recovery on the memory store", () => {
  describeRecovery(openMemoryStage);
});

describe("phases on the memory store", () => {
  describeStates(openMemoryStage);
});
