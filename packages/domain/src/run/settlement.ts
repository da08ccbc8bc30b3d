import type { ReceiptResult, RunSettlement } from "@holdfast/contracts";
import type { RunMachineEventType } from "./run-machine.ts";

/** The event that a settled attempt raises, for its run and for each of its inputs. */
export const SETTLEMENT_EVENTS: Readonly<Record<RunSettlement, RunMachineEventType>> = {
  completed: "run.commit",
  failed: "run.fail",
  cancelled: "run.cancel",
  suspended: "run.suspend",
  superseded: "run.supersede",
  checkpointed: "run.checkpoint",
  released: "run.release",
  rolled_back: "run.roll_back",
};

/** Settlements that leave a receipt. */
export const RECEIPT_RESULTS: Readonly<Record<ReceiptResult, true>> = {
  completed: true,
  cancelled: true,
  suspended: true,
  superseded: true,
  checkpointed: true,
};
