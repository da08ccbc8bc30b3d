import { describe } from "vitest";
import { describeControlPlane } from "./control-plane.ts";
import { openMemoryStage } from "./memory-stage.ts";
import { describeRegistration } from "./registration.ts";

describe("registration on the memory store", () => {
  describeRegistration(openMemoryStage);
});

describe("the control plane on the memory store", () => {
  describeControlPlane(openMemoryStage);
});
