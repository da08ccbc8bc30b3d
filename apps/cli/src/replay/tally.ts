/** What a replay has come to so far. Counts are of inputs. */
export interface Tally {
  /** Lines that hold an input. */
  read: number;
  /** Lines that hold none. */
  bad: number;
  /** Acknowledged, those that were there before included. */
  admitted: number;
  /** Of those, the ones an earlier run had admitted. */
  deduplicated: number;
  /** Of those, the ones that ended otherwise and were sent anew. */
  resent: number;
  /** Ended as they should. */
  done: number;
  /** Refused, or ended otherwise. */
  failed: number;
  /** Failures by code or reason. */
  readonly failures: Map<string, number>;
  /** Times the store stopped answering. */
  outages: number;
}

/** Nothing yet. */
export function emptyTally(): Tally {
  return {
    read: 0,
    bad: 0,
    admitted: 0,
    deduplicated: 0,
    resent: 0,
    done: 0,
    failed: 0,
    failures: new Map(),
    outages: 0,
  };
}

/** Admitted, and not ended yet. */
export function inFlight({ admitted, resent, done, failed }: Tally): number {
  // A refused input failed without having been admitted.
  return Math.max(0, admitted - resent - done - failed);
}

/** Counts one failure under its reason. */
export function countFailure(tally: Tally, reason: string): void {
  tally.failed += 1;
  tally.failures.set(reason, (tally.failures.get(reason) ?? 0) + 1);
}
