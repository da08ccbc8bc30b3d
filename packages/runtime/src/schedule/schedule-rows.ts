/** The row of a session's schedules: read, changed, and written on the version it was read at. */
import {
  AppError,
  type Firing,
  isoOf,
  MAX_SCHEDULES_LENGTH,
  type Schedule,
  type ScheduleView,
  type SessionPhase,
  type SessionRef,
} from "@holdfast/contracts";
import { isFinalPhase } from "@holdfast/domain";
import type { StoredSchedules } from "../ports/schedules.ts";
import type { RuntimeContext } from "../runtime-context.ts";

/** A schedule as it is kept. Times are epoch milliseconds. */
export interface ScheduleRow {
  readonly schedule: Schedule;
  /** Where intervals count from: when it was first put. */
  readonly anchorAt: number;
  readonly isPaused: boolean;
  readonly nextAt: number | null;
  /** The first planned time that came while the session took nothing, and in which phase it was; `null` otherwise. */
  readonly heldFrom: number | null;
  readonly heldBy: SessionPhase | null;
  readonly lastFiring: Firing | null;
  readonly refused: number;
  readonly skipped: number;
}

/** A row as callers see it. */
export function toScheduleView({
  schedule,
  isPaused,
  nextAt,
  heldBy,
  lastFiring,
  refused,
  skipped,
}: ScheduleRow): ScheduleView {
  const planned = nextAt === null ? null : isoOf(nextAt);
  return { ...schedule, isPaused, heldBy, nextAt: planned, lastFiring, refused, skipped };
}

/** What a row that was never held says of that. */
const FREE = { heldFrom: null, heldBy: null } as const;

/** The rows of a stored text; what an earlier version did not write is blank. */
export function readRows({ rows }: StoredSchedules): readonly ScheduleRow[] {
  if (rows === "") return [];
  return (JSON.parse(rows) as readonly ScheduleRow[]).map((row) => ({ ...FREE, ...row }));
}

/** The schedules of a session. @throws session.not_found, session.destroyed */
export async function loadSchedules({ store }: RuntimeContext, ref: SessionRef): Promise<StoredSchedules> {
  const stored = await store.schedules.load(ref);
  if (stored === null) throw new AppError("session.not_found");
  if (isFinalPhase(stored.phase)) throw new AppError("session.destroyed");
  return stored;
}

const MAX_ATTEMPTS = 10;

/** Changes the rows until nobody changed them meanwhile. @throws session.not_found, session.torn */
export async function changeSchedules<T>(
  context: RuntimeContext,
  ref: SessionRef,
  change: (rows: readonly ScheduleRow[]) => { readonly rows: readonly ScheduleRow[]; readonly answer: T },
): Promise<T> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const stored = await loadSchedules(context, ref);
    const before = readRows(stored);
    const { rows, answer } = change(before);
    if (rows === before) return answer;
    const reply = await context.store.schedules.save({ ref, version: stored.version, ...encodeRows(rows) });
    if (reply.kind === "saved") return answer;
    if (reply.kind === "missing") throw new AppError("session.not_found");
    if (reply.kind === "torn") throw new AppError("session.torn");
  }
  throw new AppError("store.unavailable", { message: "the session's schedules keep changing; try again" });
}

/** Refuses schedules that are too long together; what firing them notes is not theirs. @throws schedule.limit */
export function assertLength(rows: readonly ScheduleRow[]): void {
  const { length } = JSON.stringify(rows.map(({ schedule }) => schedule));
  if (length <= MAX_SCHEDULES_LENGTH) return;
  throw new AppError("schedule.limit", { details: { length, limit: MAX_SCHEDULES_LENGTH } });
}

function encodeRows(rows: readonly ScheduleRow[]): { readonly rows: string; readonly nextAt: number | null } {
  const text = rows.length === 0 ? "" : JSON.stringify(rows);
  const times = rows.flatMap(({ nextAt }) => nextAt ?? []);
  return { rows: text, nextAt: times.length === 0 ? null : Math.min(...times) };
}
