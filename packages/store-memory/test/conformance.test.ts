import { describeLedger } from "@holdfast/testkit";
import { describe } from "vitest";
import { openMemoryStore } from "./open-store.ts";

describe("memory store", () => {
  describeLedger(openMemoryStore);
});
