import type { RequestId } from "@holdfast/contracts";

/** A request id of the test's own. */
export const request = (name: string): RequestId => name as RequestId;

/** Counts of a report that are zero unless said otherwise. */
export const NOTHING = {
  inputsAbandoned: 0,
  inputsPendingDrain: 0,
  inputsTransferred: 0,
  inputsRecovered: 0,
  inputsRequeued: 0,
  inputsDropped: 0,
};
