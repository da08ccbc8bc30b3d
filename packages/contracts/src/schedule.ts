/** Inputs that a session is sent at planned times. */
import * as z from "zod";
import { NewInput } from "./input.ts";
import { SessionPhase } from "./session.ts";

/** Most schedules of a session. */
export const MAX_SCHEDULES = 100;

/** Longest that all schedules of a session may be together, in characters of JSON. */
export const MAX_SCHEDULES_LENGTH = 262_144;

/** A firing that is found no later than this is on time, in milliseconds. */
export const SCHEDULE_GRACE_MS = 30_000;

/** Most missed firings that `all` catches up with: the latest of them. */
export const MAX_CATCH_UP = 100;

/** What becomes of firings that nobody was there for: none, the latest one, or each. */
export const CatchUp = z.enum(["skip", "one", "all"]);
/** See {@link CatchUp}. */
export type CatchUp = z.infer<typeof CatchUp>;

/** When a schedule fires: by a cron expression in a time zone, or at an interval from when it was first put. */
export const ScheduleTiming = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("cron"),
    /** Five fields, or six with seconds first. */
    expression: z.string().min(1).max(256),
    /** IANA name. */
    timezone: z.string().min(1).max(64).default("UTC"),
  }),
  z.strictObject({ type: z.literal("every"), everyMs: z.int().min(1_000).max(31_536_000_000) }),
]);
/** See {@link ScheduleTiming}. */
export type ScheduleTiming = z.infer<typeof ScheduleTiming>;

/** The user's name for a schedule, unique within its session; part of the key of every firing. */
export const ScheduleId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "is not a schedule id");
/** See {@link ScheduleId}. */
export type ScheduleId = z.infer<typeof ScheduleId>;

/** What is fired when. Planned times are exact: nothing is spread. */
export const Schedule = z.strictObject({
  scheduleId: ScheduleId,
  timing: ScheduleTiming,
  /** Sent at every planned time, under the key `<scheduleId>@<planned time>`. */
  input: NewInput,
  catchUp: CatchUp.default("one"),
});
/** What a caller sends. */
export type NewSchedule = z.input<typeof Schedule>;
/** See {@link Schedule}. */
export type Schedule = z.infer<typeof Schedule>;

/** What came of a planned time. */
export const Firing = z.strictObject({
  plannedAt: z.iso.datetime(),
  /** What the admission came to; `refused` names why in `reason`. */
  result: z.enum(["accepted", "deduplicated", "refused"]),
  reason: z.string().optional(),
  inputId: z.string().optional(),
});
/** See {@link Firing}. */
export type Firing = z.infer<typeof Firing>;

/** A schedule and where it stands. */
export const ScheduleView = z.strictObject({
  ...Schedule.shape,
  isPaused: z.boolean(),
  /** The phase in which its session takes nothing: it goes on by `catchUp` when the session accepts again. */
  heldBy: SessionPhase.nullable(),
  /** `null` while paused, and for a cron expression that has no further time. */
  nextAt: z.iso.datetime().nullable(),
  lastFiring: Firing.nullable(),
  /** Firings that were refused, and planned times that were not caught up with. */
  refused: z.int().nonnegative(),
  skipped: z.int().nonnegative(),
});
/** See {@link ScheduleView}. */
export type ScheduleView = z.infer<typeof ScheduleView>;
