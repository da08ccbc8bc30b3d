/** Routes of schedules; part of the route table. */
import * as z from "zod";
import { pathSegment } from "./path-segment.ts";
import type { Route } from "./route.ts";
import { none, noQuery, ofBody, ofSession, session } from "./route-parts.ts";
import { Schedule, ScheduleId, ScheduleView } from "./schedule.ts";

const schedule = session.extend({ scheduleId: pathSegment(ScheduleId) });

const changed = {
  method: "POST",
  params: schedule,
  query: noQuery,
  headers: none,
  body: z.strictObject({}).prefault({}),
  responses: { 200: ScheduleView },
  problems: [...ofSession, ...ofBody, "schedule.not_found", "session.torn"],
} as const;

/** See {@link ROUTES}. */
export const SCHEDULE_ROUTES = {
  putSchedule: {
    method: "PUT",
    path: "/v1/sessions/{sessionId}/schedules/{scheduleId}",
    summary: "Registers a schedule or changes it; the same one again changes nothing.",
    params: schedule,
    query: noQuery,
    headers: none,
    body: Schedule.omit({ scheduleId: true }),
    isBodyCheckedByRuntime: true,
    responses: { 200: ScheduleView },
    problems: [
      ...ofSession,
      ...ofBody,
      "schedule.invalid",
      "schedule.limit",
      "input.invalid",
      "input.unknown_kind",
      "session.torn",
    ],
  },
  listSchedules: {
    method: "GET",
    path: "/v1/sessions/{sessionId}/schedules",
    summary: "All schedules of a session, by id.",
    params: session,
    query: noQuery,
    headers: none,
    body: null,
    responses: { 200: z.object({ items: z.array(ScheduleView) }) },
    problems: ofSession,
  },
  deleteSchedule: {
    method: "DELETE",
    path: "/v1/sessions/{sessionId}/schedules/{scheduleId}",
    summary: "Removes a schedule, and says whether there was one.",
    params: schedule,
    query: noQuery,
    headers: none,
    body: null,
    responses: { 200: z.object({ wasThere: z.boolean() }) },
    problems: [...ofSession, "session.torn"],
  },
  pauseSchedule: {
    ...changed,
    path: "/v1/sessions/{sessionId}/schedules/{scheduleId}/pause",
    summary: "Stops a schedule from firing; what falls into the pause is not caught up with.",
  },
  resumeSchedule: {
    ...changed,
    path: "/v1/sessions/{sessionId}/schedules/{scheduleId}/resume",
    summary: "Lets a schedule fire again, from now on.",
  },
} as const satisfies Readonly<Record<string, Route>>;
