import {
  AppError,
  MAX_SCHEDULES,
  type NewSchedule,
  Schedule,
  type ScheduleView,
  type SessionRef,
} from "@holdfast/contracts";
import { canonicalJson, findAdmissionFault, findTimingFault, nextPlannedAt, parseNewInput } from "@holdfast/domain";
import type { SchedulesApi } from "../api/schedules.ts";
import type { RuntimeContext } from "../runtime-context.ts";
import {
  assertLength,
  changeSchedules,
  loadSchedules,
  readRows,
  type ScheduleRow,
  toScheduleView,
} from "./schedule-rows.ts";

/** Binds the schedules of sessions. */
export function bindSchedules({ context }: { readonly context: RuntimeContext }): SchedulesApi {
  return {
    putSchedule: (ref, schedule) => put(context, ref, schedule),
    listSchedules: async (ref) => readRows(await loadSchedules(context, ref)).map(toScheduleView),
    deleteSchedule: (ref, scheduleId) =>
      changeSchedules(context, ref, (rows) => {
        const kept = rows.filter(({ schedule }) => schedule.scheduleId !== scheduleId);
        return kept.length === rows.length ? { rows, answer: false } : { rows: kept, answer: true };
      }),
    pauseSchedule: (ref, scheduleId) => {
      return changeOne(context, { ref, scheduleId }, (row) => ({ ...row, ...FREE, isPaused: true, nextAt: null }));
    },
    resumeSchedule: (ref, scheduleId) =>
      changeOne(context, { ref, scheduleId }, (row) => {
        if (!row.isPaused) return row;
        const { schedule, anchorAt } = row;
        const nextAt = nextPlannedAt({ timing: schedule.timing, anchorAt }, context.clock.now());
        return { ...row, isPaused: false, nextAt };
      }),
  };
}

async function put(context: RuntimeContext, ref: SessionRef, value: NewSchedule): Promise<ScheduleView> {
  const now = context.clock.now();
  const schedule = parseSchedule(context, value, now);
  return changeSchedules(context, ref, (rows) => {
    const known = rows.find((row) => row.schedule.scheduleId === schedule.scheduleId);
    if (known !== undefined && canonicalJson(known.schedule) === canonicalJson(schedule)) {
      return { rows, answer: toScheduleView(known) };
    }
    if (known === undefined && rows.length >= MAX_SCHEDULES) {
      throw new AppError("schedule.limit", { details: { count: rows.length, limit: MAX_SCHEDULES } });
    }
    const isTimedAnew = canonicalJson(known?.schedule.timing ?? null) !== canonicalJson(schedule.timing);
    const anchorAt = known === undefined || isTimedAnew ? now : known.anchorAt;
    const row = { ...(known ?? FRESH), schedule, anchorAt };
    const nextAt = row.isPaused ? null : nextPlannedAt({ timing: schedule.timing, anchorAt }, now);
    // What was planned by another timing is not caught up with.
    const changed = { ...row, nextAt, ...(isTimedAnew ? FREE : {}) };
    const others = rows.filter((other) => other !== known);
    const all = [...others, changed].sort(byId);
    assertLength(all);
    return { rows: all, answer: toScheduleView(changed) };
  });
}

const FREE = { heldFrom: null, heldBy: null } as const;
const FRESH = { ...FREE, isPaused: false, lastFiring: null, refused: 0, skipped: 0 } as const;

function byId({ schedule: one }: ScheduleRow, { schedule: other }: ScheduleRow): number {
  return one.scheduleId < other.scheduleId ? -1 : 1;
}

function parseSchedule({ inputLimits }: RuntimeContext, value: NewSchedule, now: number): Schedule {
  const parsed = Schedule.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw invalid(`${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`);
  }
  const { timing } = parsed.data;
  const fault = findTimingFault(timing, now);
  if (fault !== null) throw invalid(fault);
  const input = parseNewInput(value.input, inputLimits);
  // A firing has a key, an id and times of its own.
  const own = (["id", "idempotencyKey", "notBefore", "expiresAt", "timestamp"] as const).find(
    (field) => field in input,
  );
  if (own !== undefined) throw invalid(`the input of a schedule has no ${own} of its own`);
  const refused = findAdmissionFault(input);
  if (refused !== null) throw invalid(refused.detail);
  return { ...parsed.data, input };
}

function invalid(message: string): AppError {
  return new AppError("schedule.invalid", { message });
}

async function changeOne(
  context: RuntimeContext,
  { ref, scheduleId }: { readonly ref: SessionRef; readonly scheduleId: string },
  change: (row: ScheduleRow) => ScheduleRow,
): Promise<ScheduleView> {
  return changeSchedules(context, ref, (rows) => {
    const known = rows.find(({ schedule }) => schedule.scheduleId === scheduleId);
    if (known === undefined) throw new AppError("schedule.not_found", { details: { scheduleId } });
    const changed = change(known);
    if (changed === known) return { rows, answer: toScheduleView(known) };
    return { rows: rows.map((row) => (row === known ? changed : row)), answer: toScheduleView(changed) };
  });
}
