/** The times a schedule is planned for. Pure: time is what the caller says it is. */
import { type CatchUp, isoOf, MAX_CATCH_UP, SCHEDULE_GRACE_MS, type ScheduleTiming } from "@holdfast/contracts";
import { Cron } from "croner";

/** A schedule as planning sees it; intervals count from its anchor. */
export interface Plan {
  readonly timing: ScheduleTiming;
  readonly anchorAt: number;
}

/** What is wrong with a timing in one sentence, or `null`. */
export function findTimingFault(timing: ScheduleTiming, now: number): string | null {
  if (timing.type === "every") return null;
  // The parser takes dates and nicknames as well.
  const fields = timing.expression.trim().split(/\s+/).length;
  if (fields !== 5 && fields !== 6) return `has ${fields} fields instead of five, or six with seconds`;
  try {
    return cronOf(timing).nextRun(isoOf(now)) === null ? "never fires" : null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The first planned time after a moment, or `null` for none. */
export function nextPlannedAt({ timing, anchorAt }: Plan, after: number): number | null {
  if (timing.type === "cron") return cronOf(timing).nextRun(isoOf(after))?.getTime() ?? null;
  const { everyMs } = timing;
  return anchorAt + (Math.max(0, Math.floor((after - anchorAt) / everyMs)) + 1) * everyMs;
}

/** What is to be fired of the planned times that have come, oldest first, and how many more there were. */
export interface DueTimes {
  readonly times: readonly number[];
  readonly skipped: number;
}

/** The planned times from the first that was not looked at until now, by what is caught up with. */
export function dueTimes(
  plan: Plan,
  catchUp: CatchUp,
  { from, now }: { readonly from: number; readonly now: number },
): DueTimes {
  const planned = latestPlanned(plan, { from, now, limit: MAX_CATCH_UP });
  const onTime = planned.filter((at) => at >= now - SCHEDULE_GRACE_MS);
  const times = { skip: onTime, one: onTime.length > 0 ? onTime : planned.slice(-1), all: planned }[catchUp];
  return { times, skipped: planned.length - times.length };
}

/** At most so many planned times between two moments, both included: the latest ones, in order. */
function latestPlanned(
  { timing, anchorAt }: Plan,
  { from, now, limit }: { readonly from: number; readonly now: number; readonly limit: number },
): number[] {
  if (timing.type === "cron") {
    const times = cronOf(timing).previousRuns(limit, isoOf(now + 1));
    return times
      .map((time) => time.getTime())
      .filter((at) => at >= from && at <= now)
      .sort((one, other) => one - other);
  }
  const { everyMs } = timing;
  const last = Math.floor((now - anchorAt) / everyMs);
  const first = Math.max(1, Math.ceil((from - anchorAt) / everyMs), last - limit + 1);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => anchorAt + (first + index) * everyMs);
}

function cronOf({ expression, timezone }: Extract<ScheduleTiming, { type: "cron" }>): Cron {
  return new Cron(expression, { timezone, paused: true });
}
