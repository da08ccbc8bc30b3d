/** Order, read from the session's own events: who was staged when, with whom, and who waited meanwhile (G6). */
import { checkOverlap, isTimed, isUrgent } from "./check-overlap.ts";
import type { LedgerRecord } from "./ledger-record.ts";
import type { Complain } from "./life.ts";
import type { Place, Places } from "./places.ts";

/** Checks the order in which inputs were staged. */
export function checkOrder(ledger: LedgerRecord, places: Places, complain: Complain): void {
  checkOverlap(ledger, places, complain);
  checkLanes(places, complain);
  checkSteering(places, complain);
  for (const { record, stagings } of places.values()) {
    if (stagings === record.attempts) continue;
    complain("G5", `${record.inputId} counts ${record.attempts} attempts and was staged ${stagings} times`);
  }
}

/** Inputs of a lane are first staged in the order of admission; one that waits for a time waits alone. */
function checkLanes(places: Places, complain: Complain): void {
  const all = [...places.values()];
  for (const lane of ["steer", "queue"] as const) {
    let latest: Place | null = null;
    for (const place of all) {
      const isInLane = place.record.policy.lane === lane && place.stagedAt !== Number.POSITIVE_INFINITY;
      if (!isInLane || isTimed(place) || isUrgent(place)) continue;
      if (latest !== null && place.stagedAt < latest.stagedAt) {
        complain("G6", `${place.record.inputId} was staged before ${latest.record.inputId}, which came first`);
      }
      latest = place;
    }
  }
}

/** Nothing of the queue lane is staged while something of the steer lane could be. */
function checkSteering(places: Places, complain: Complain): void {
  const all = [...places.values()];
  const steering = all.filter(({ record }) => record.policy.lane === "steer");
  // One that failed may block its lane for a while, and the queue lane goes on.
  if (steering.some((place) => place.record.failures > 0 || isTimed(place))) return;
  for (const { stagedAt, record } of all) {
    if (record.policy.lane !== "queue" || stagedAt === Number.POSITIVE_INFINITY) continue;
    const passed = steering.find((steer) => {
      return steer.admittedAt < stagedAt && steer.stagedAt > stagedAt && steer.endedAt > stagedAt;
    });
    if (passed !== undefined)
      complain("G6", `${record.inputId} was staged before ${passed.record.inputId}, which steers`);
  }
}
