/** What may not run before its time, or after it. The store's clock decides, so nothing is said of one that jumps. */
import { DEBOUNCE_MAX_WINDOWS, epochMsOf } from "@holdfast/contracts";
import { overlapOfPlace } from "./check-overlap.ts";
import type { LedgerRecord } from "./ledger-record.ts";
import type { Complain } from "./life.ts";
import type { Place, Places } from "./places.ts";
import type { World } from "./world.ts";

/** Checks the times of a session's inputs. */
export function checkTimes(
  { plan }: World,
  { ledger, places }: { readonly ledger: LedgerRecord; readonly places: Places },
  complain: Complain,
): void {
  if (plan.troubles.some(({ type }) => type === "clock_jump")) return;
  for (const place of places.values()) {
    checkExpiry(place, complain);
    checkEarliest(place, places, complain);
  }
  for (const { event, at } of ledger.events) {
    if (event.type !== "input.abandoned" || event.reason !== "expired") continue;
    const place = places.get(event.inputId);
    const expiresAt =
      place?.input.expiresAt === undefined ? Number.POSITIVE_INFINITY : epochMsOf(place.input.expiresAt);
    if (at < expiresAt) complain("G1", `${event.inputId} expired before its time`);
    if (place?.stagings !== 0) complain("G1", `${event.inputId} expired and had been staged`);
  }
}

function checkExpiry({ input, record, stagedTime }: Place, complain: Complain): void {
  if (input.expiresAt === undefined || stagedTime === Number.POSITIVE_INFINITY) return;
  const lateMs = stagedTime - epochMsOf(input.expiresAt);
  if (lateMs >= 0) complain("G1", `${record.inputId} was staged ${lateMs} ms after it was over`);
}

/** Nothing runs before the time it named, nor before the pause it waits for; a series waits for one only so long. */
function checkEarliest(place: Place, places: Places, complain: Complain): void {
  const { input, record, stagedTime, admittedTime } = place;
  if (input.notBefore !== undefined && stagedTime < epochMsOf(input.notBefore)) {
    complain("G6", `${record.inputId} was staged before its time`);
  }
  if (typeof input.overlap !== "object") return;
  const { windowMs } = input.overlap;
  const series = [...places.values()].filter((other) => overlapOfPlace(other) === "debounce");
  const first = Math.min(...series.map((other) => other.admittedTime));
  const earliest = Math.min(admittedTime + windowMs, first + windowMs * DEBOUNCE_MAX_WINDOWS);
  if (stagedTime < earliest)
    complain("G6", `${record.inputId} was staged ${earliest - stagedTime} ms before its pause`);
}
