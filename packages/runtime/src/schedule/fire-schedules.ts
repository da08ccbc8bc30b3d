/**
 * Fires what is due of a session's schedules: by ordinary admission, under a key
 * that follows from the planned time, and only then notes that it did. Whoever
 * dies in between leaves a firing that is answered as a repeat.
 */
import {
  AppError,
  type Firing,
  type IdempotencyKey,
  isAppError,
  isoOf,
  type SessionPhase,
  type SessionRef,
} from "@holdfast/contracts";
import { dueTimes, findTransition, isFinalPhase, nextPlannedAt, SESSION_TABLE } from "@holdfast/domain";
import type { Ingress } from "../ingress/ingress.ts";
import type { RuntimeContext } from "../runtime-context.ts";
import { changeSchedules, readRows, type ScheduleRow } from "./schedule-rows.ts";

/** What firing needs beside the world. */
export interface FiringParts {
  readonly context: RuntimeContext;
  readonly ingress: Ingress;
}

/** Looks at the schedules of one session. */
export async function fireSchedules(parts: FiringParts, ref: SessionRef): Promise<void> {
  const { context } = parts;
  const now = context.clock.now();
  const stored = await context.store.schedules.load(ref);
  if (stored === null || isFinalPhase(stored.phase)) {
    // Only takes it out of the index.
    await context.store.schedules.save({ ref, version: 0, rows: "", nextAt: null });
    return;
  }
  const fired = new Map<string, ScheduleRow>();
  const { phase } = stored;
  for (const row of readRows(stored)) {
    if (!isDue(row, { now, phase })) continue;
    const step = isAccepting(phase) ? await fire(parts, ref, { row, now }) : hold(parts, ref, { row, now, phase });
    fired.set(row.schedule.scheduleId, step);
  }
  try {
    await changeSchedules(context, ref, (rows) => ({
      // A copy in any case: writing it says when to look next.
      rows: rows.map((row) => merged(row, fired.get(row.schedule.scheduleId))),
      answer: null,
    }));
  } catch (error) {
    // Removed or destroyed meanwhile: the next look takes it out of the index.
    if (!isAppError(error, "session.not_found") && !isAppError(error, "session.destroyed")) throw error;
  }
}

/** A schedule that was changed or paused meanwhile keeps its time; what was fired is noted all the same. */
function merged(row: ScheduleRow, fired: ScheduleRow | undefined): ScheduleRow {
  if (fired === undefined) return row;
  const isSame = row.anchorAt === fired.anchorAt && !row.isPaused;
  const { lastFiring, refused, skipped, nextAt, heldFrom, heldBy } = fired;
  const planned = isSame ? { nextAt, heldFrom, heldBy } : {};
  return { ...row, lastFiring, refused, skipped, ...planned };
}

function isDue({ nextAt, heldFrom }: ScheduleRow, { now, phase }: { now: number; phase: SessionPhase }): boolean {
  return (nextAt !== null && nextAt <= now) || (heldFrom !== null && isAccepting(phase));
}

function isAccepting(phase: SessionPhase): boolean {
  return findTransition(SESSION_TABLE.rows, { state: phase, event: "input.admit", bits: "" }) !== null;
}

/**
 * A session that takes nothing holds its schedules: that is noted once, and what was planned meanwhile is caught up
 * with when it accepts again, as the schedule says.
 */
function hold(
  { context }: FiringParts,
  ref: SessionRef,
  { row, now, phase }: { readonly row: ScheduleRow; readonly now: number; readonly phase: SessionPhase },
): ScheduleRow {
  const { schedule, anchorAt, heldFrom, refused } = row;
  const nextAt = nextPlannedAt({ timing: schedule.timing, anchorAt }, now);
  if (heldFrom !== null) return { ...row, nextAt, heldBy: phase };
  const plannedAt = isoOf(row.nextAt ?? now);
  const { scheduleId } = schedule;
  context.report({ level: "warn", phrase: "schedule held", fields: { ref, scheduleId, plannedAt, phase } });
  const lastFiring: Firing = { plannedAt, result: "refused", reason: `session.not_accepting: ${phase}` };
  return { ...row, nextAt, heldFrom: row.nextAt, heldBy: phase, lastFiring, refused: refused + 1 };
}

async function fire(
  parts: FiringParts,
  ref: SessionRef,
  { row, now }: { readonly row: ScheduleRow; readonly now: number },
): Promise<ScheduleRow> {
  const { schedule, anchorAt } = row;
  const plan = { timing: schedule.timing, anchorAt };
  const due = dueTimes(plan, schedule.catchUp, { from: row.heldFrom ?? row.nextAt ?? now, now });
  let { lastFiring, refused } = row;
  for (const plannedAt of due.times) {
    lastFiring = await fireOne(parts, ref, { row, plannedAt });
    if (lastFiring.result === "refused") refused += 1;
  }
  const skipped = row.skipped + due.skipped;
  return { ...row, lastFiring, refused, skipped, nextAt: nextPlannedAt(plan, now), heldFrom: null, heldBy: null };
}

async function fireOne(
  { ingress, context }: FiringParts,
  ref: SessionRef,
  { row, plannedAt: at }: { readonly row: ScheduleRow; readonly plannedAt: number },
): Promise<Firing> {
  const { scheduleId, input } = row.schedule;
  const plannedAt = isoOf(at);
  const idempotencyKey = `${scheduleId}@${plannedAt}` as IdempotencyKey;
  try {
    const prepared = ingress.prepare(ref, { ...input, idempotencyKey });
    const admission = await ingress.admit(ref, prepared, { isAwaited: false });
    if (admission.kind === "rejected") return { plannedAt, result: "refused", reason: admission.reason };
    const inputId = admission.kind === "accepted" ? admission.inputId : admission.existingId;
    return { plannedAt, result: admission.kind, inputId };
  } catch (error) {
    // Unknown outcomes are tried again, and so is what there was no room for; what the session refuses is noted, and
    // not lost silently.
    if (!(error instanceof Error) || !isAppError(error) || error.code === "store.unavailable") throw error;
    if (error.code === "store.limited" || error.code === "session.limited") throw error;
    context.report({ level: "warn", phrase: "firing refused", fields: { ref, scheduleId, plannedAt, error } });
    return { plannedAt, result: "refused", reason: reasonOf(error) };
  }
}

function reasonOf(error: AppError): string {
  const phase = error.details["phase"];
  return typeof phase === "string" ? `${error.code}: ${phase}` : error.code;
}
