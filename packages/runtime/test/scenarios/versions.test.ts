import { describe } from "vitest";
import { openMemoryStage } from "./memory-stage.ts";
import { describeVersions } from "./versions.ts";

describe("versions of executors, on the store in process", () => {
  describeVersions(openMemoryStage);
});
