import { describeLedger } from "@holdfast/testkit";
import { describe } from "vitest";
import { openRedisStore } from "./open-store.ts";

describe("Redis store", () => {
  describeLedger(openRedisStore);
});
