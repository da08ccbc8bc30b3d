import { describe } from "vitest";
import { describeCommsDrain } from "./comms-drain.ts";
import { openMemoryStage } from "./memory-stage.ts";

describe("memory store", () => {
  describeCommsDrain(openMemoryStage);
});
