import { describeArchive } from "./archive.ts";
import { describeBlobs } from "./blobs.ts";
import { describeControl } from "./control.ts";
import { describeDeadLetters } from "./dead-letters.ts";
import { describeDeliveries } from "./deliveries.ts";
import { describeDirectRuns } from "./direct-runs.ts";
import { describeDirectory } from "./directory.ts";
import { describeDrainSlots } from "./drain-slots.ts";
import { describeJournal } from "./journal.ts";
import { describeLedger } from "./ledger.ts";
import { describeLimits } from "./limits.ts";
import { describeOperations } from "./operations.ts";
import { describePresence } from "./presence.ts";
import { describeProjections } from "./projections.ts";
import { describeRetention } from "./retention.ts";
import { describeSchedules } from "./schedules.ts";
import type { StoreFactory } from "./store-under-test.ts";
import { describeStreams } from "./streams.ts";
import { describeUnregistration } from "./unregistration.ts";

/** Proves every port of a store but its notifier. One list, so that no store passes with a suite less than another. */
export function describeStore(openStore: StoreFactory): void {
  describeLedger(openStore);
  describeDirectRuns(openStore);
  describeStreams(openStore);
  describeJournal(openStore);
  describeControl(openStore);
  describeDeadLetters(openStore);
  describeDirectory(openStore);
  describeUnregistration(openStore);
  describeArchive(openStore);
  describeProjections(openStore);
  describeRetention(openStore);
  describeLimits(openStore);
  describeSchedules(openStore);
  describeDeliveries(openStore);
  describeDrainSlots(openStore);
  describeOperations(openStore);
  describePresence(openStore);
  describeBlobs(openStore);
}
