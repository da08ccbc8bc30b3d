/** How long something is held, in epoch milliseconds of the store's clock. */
export interface Lease {
  readonly leaseUntil: number;
  readonly leaseMs: number;
}

/** Whether a lease holds. One further ahead than two of its length comes from a clock that jumped, and counts as ended. */
export function isLeaseLive({ leaseUntil, leaseMs }: Lease, now: number): boolean {
  return now < leaseUntil && leaseUntil <= now + 2 * leaseMs;
}
