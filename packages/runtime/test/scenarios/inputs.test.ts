import { describe } from "vitest";
import { describeInputs } from "./inputs.ts";
import { openMemoryStage } from "./memory-stage.ts";
import { describePolicies } from "./policies.ts";
import { describeRendering } from "./rendering.ts";

describe("inputs, on the store in process", () => {
  describeInputs(openMemoryStage);
  describePolicies(openMemoryStage);
  describeRendering(openMemoryStage);
});
