/** The suite of the `Control` port; its promises are C1 to C7. */
import { describe } from "vitest";
import { describeChores } from "./control/chores.ts";
import { describeDrops } from "./control/drops.ts";
import { describeDryRuns } from "./control/dry-runs.ts";
import { describeInterrupt } from "./control/interrupt.ts";
import { describePublished } from "./control/published.ts";
import { describeRequests } from "./control/requests.ts";
import { describeVerbs } from "./control/verbs.ts";
import type { StoreFactory } from "./store-under-test.ts";

/** Proves what every control plane promises. */
export function describeControl(openStore: StoreFactory): void {
  describe("control", () => {
    describe("request ids", () => {
      describeRequests(openStore);
    });
    describe("verbs", () => {
      describeVerbs(openStore);
    });
    describe("interrupt", () => {
      describeInterrupt(openStore);
    });
    describe("dry runs", () => {
      describeDryRuns(openStore);
    });
    describe("inputs that need not survive", () => {
      describeDrops(openStore);
    });
    describe("events of callers", () => {
      describePublished(openStore);
    });
    describe("chores", () => {
      describeChores(openStore);
    });
  });
}
