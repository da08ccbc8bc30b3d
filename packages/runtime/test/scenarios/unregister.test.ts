import { describe } from "vitest";
import { openMemoryStage } from "./memory-stage.ts";
import { describeUnregister } from "./unregister.ts";

describe("unregister on the memory store", () => {
  describeUnregister(openMemoryStage);
});
