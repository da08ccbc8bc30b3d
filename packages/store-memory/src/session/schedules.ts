import type { SessionPhase } from "@holdfast/contracts";
import type { SaveSchedulesCommand, SaveSchedulesReply, Schedules } from "@holdfast/runtime";
import { isFinal, stepSession } from "./transitions.ts";
import { type MemoryContext, memberOf, openSession, type Work } from "./work.ts";

/** How the `due` index tells a session's schedules from the session. */
export const SCHEDULES_SUFFIX = ".t";

/** Schedules in process. */
export function createMemorySchedules(context: MemoryContext): Schedules {
  return {
    load: async (ref) => {
      const session = openSession(context, ref)?.session;
      if (session === undefined) return null;
      const { version, rows } = session.schedules;
      return { phase: session.phase, version, rows };
    },
    save: async (command) => save(context, command),
  };
}

/** A session that takes inputs again is told at once of what was planned while it took none. */
export function lookAtSchedules({ data, session, now }: Work, before: SessionPhase): void {
  if (stepSession(before, "input.admit") !== null || stepSession(session.phase, "input.admit") === null) return;
  const member = `${session.member}${SCHEDULES_SUFFIX}`;
  const planned = data.due.get(member);
  if (planned !== undefined && planned > now) data.due.set(member, now);
}

function save(context: MemoryContext, { ref, version, rows, nextAt }: SaveSchedulesCommand): SaveSchedulesReply {
  const { due } = context.data();
  const member = `${memberOf(ref)}${SCHEDULES_SUFFIX}`;
  const session = openSession(context, ref)?.session;
  if (session === undefined || isFinal("session", session.phase)) {
    due.delete(member);
    return { kind: "missing" };
  }
  if (session.schedules.version !== version) return { kind: "changed" };
  session.schedules = { version: version + 1, rows };
  if (nextAt === null) due.delete(member);
  else due.set(member, nextAt);
  return { kind: "saved" };
}
