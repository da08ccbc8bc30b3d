import type { NewSchedule, ScheduleView, SessionRef } from "@holdfast/contracts";

/**
 * Inputs at planned times. A session that takes nothing, because it is stopped or retired, holds its schedules; each
 * says so once, and catches up by its policy as soon as the session accepts again.
 */
export interface SchedulesApi {
  /**
   * Registers a schedule, or changes the one of this id. The same schedule again changes nothing, however often it
   * is put: one row, and its next time stays.
   *
   * @throws schedule.invalid, schedule.limit, input.*, session.not_found, session.torn
   */
  putSchedule(ref: SessionRef, schedule: NewSchedule): Promise<ScheduleView>;

  /** All schedules of a session, by id. @throws session.not_found */
  listSchedules(ref: SessionRef): Promise<readonly ScheduleView[]>;

  /** Removes a schedule; whether there was one. @throws session.not_found, session.torn */
  deleteSchedule(ref: SessionRef, scheduleId: string): Promise<boolean>;

  /** Stops it from firing; what falls into the pause is not caught up with. @throws schedule.not_found, session.* */
  pauseSchedule(ref: SessionRef, scheduleId: string): Promise<ScheduleView>;

  /** Lets it fire again, from now on. @throws schedule.not_found, session.* */
  resumeSchedule(ref: SessionRef, scheduleId: string): Promise<ScheduleView>;
}
