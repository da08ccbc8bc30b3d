/** The suite of the `Ledger` port; its promises are L1 to L7. */
import { describe } from "vitest";
import { describeAdmission } from "./ledger/admission.ts";
import { describeAttempts } from "./ledger/attempts.ts";
import { describeExpiry } from "./ledger/expiry.ts";
import { describeFencing } from "./ledger/fencing.ts";
import { describeLanes } from "./ledger/lanes.ts";
import { describeLiveRuns } from "./ledger/live-runs.ts";
import { describeLiveness } from "./ledger/liveness.ts";
import { describeOverlap } from "./ledger/overlap.ts";
import type { StoreFactory } from "./store-under-test.ts";

/** Proves what every ledger promises. */
export function describeLedger(openStore: StoreFactory): void {
  describe("ledger", () => {
    describeAdmission(openStore);
    describeLanes(openStore);
    describeAttempts(openStore);
    describeFencing(openStore);
    describeLiveness(openStore);
    describeLiveRuns(openStore);
    describeOverlap(openStore);
    describeExpiry(openStore);
  });
}
