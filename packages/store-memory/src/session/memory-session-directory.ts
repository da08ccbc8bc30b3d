import { AppError, type Labels, type SessionId, type SessionRef } from "@holdfast/contracts";
import type {
  FollowCommand,
  FollowReply,
  LabelReply,
  ListQuery,
  SessionDirectory,
  SessionPage,
  SessionRecord,
} from "@holdfast/runtime";
import { placeOf } from "./ordered.ts";
import { configure, register } from "./register.ts";
import type { SessionData, StoreData } from "./session-data.ts";
import { isFinal } from "./transitions.ts";
import { encodeId, isLive, type MemoryContext, openSession, type Work } from "./work.ts";

/** The directory in process. */
export function createMemorySessionDirectory(context: MemoryContext): SessionDirectory {
  return {
    register: async (command) => register(context, command),
    find: async (ref) => {
      const work = openSession(context, ref);
      return work === null ? null : sessionRecord(work);
    },
    list: async (query) => listPage(context.data(), query),
    configure: async (ref, settings) => configure(context, ref, settings),
    label: async (ref, labels) => label(context, ref, labels),
    follow: async (command) => follow(context, command),
  };
}

/** What is known of a session. */
export function sessionRecord(work: Work): SessionRecord {
  const { session } = work;
  const { executor, versions, isHeld } = session;
  const range = versions === "" ? {} : { versions };
  return {
    ref: session.ref,
    phase: session.phase,
    generation: session.generation,
    binding: executor === null ? null : { executor, onFailure: isHeld ? "hold" : "defer", ...range },
    settings: session.settings,
    settingsRevision: session.settingsRevision,
    labels: { ...session.labels },
    hasRun: session.hold !== null,
    isBusy: isLive(session.hold, work),
    admitted: session.admitted,
    queued: session.queued,
    scheduled: session.scheduled,
    position: session.position,
    digest: session.digest,
    cursor: session.cursor,
    deadLetters: session.openLetters,
  };
}

const CURSOR = /^0:(.+)$/;

/** The last member seen: one of the tenant's own (G13), or none yet. */
function parseCursor(after: string | null, tenantPrefix: string): string | null {
  if (after === null) return null;
  const last = CURSOR.exec(after)?.[1];
  if (last?.startsWith(tenantPrefix) === true) return last;
  throw new AppError("request.invalid", { message: "`after` is not a cursor of a previous page" });
}

function label(context: MemoryContext, ref: SessionRef, labels: Labels): LabelReply {
  const session = openSession(context, ref)?.session;
  if (session === undefined) return { kind: "missing" };
  if (isFinal("session", session.phase)) return { kind: "refused", phase: session.phase };
  const entries = Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1));
  session.labels = Object.fromEntries(entries);
  return { kind: "labelled" };
}

/** A page of the tenant's sessions among those listed. */
export function listPage(
  { listed, sessions }: Pick<StoreData, "listed" | "sessions">,
  { tenantId, after, limit, label: wanted }: ListQuery,
): SessionPage {
  const prefix = `${encodeId(tenantId)}.`;
  const last = parseCursor(after, prefix);
  const start =
    last === null ? placeOf(listed, prefix) : placeOf(listed, last) + (sessionIsListed(listed, last) ? 1 : 0);
  const members: string[] = [];
  for (let at = start; at < listed.length && members.length < limit; at += 1) {
    const member = listed[at] as string;
    if (!member.startsWith(prefix)) break;
    const { labels } = sessions.get(member) as SessionData;
    if (wanted !== undefined && labels[wanted.key] !== wanted.value) continue;
    members.push(member);
  }
  const page = members.map((member) => ({
    sessionId: (sessions.get(member) as SessionData).ref.sessionId as SessionId,
  }));
  return { sessions: page, next: members.length < limit ? null : `0:${members.at(-1)}` };
}

function sessionIsListed(listed: readonly string[], member: string): boolean {
  return listed[placeOf(listed, member)] === member;
}

function follow(context: MemoryContext, { ref, node, forMs }: FollowCommand): FollowReply {
  const work = openSession(context, ref);
  if (work === null) return { kind: "missing" };
  const { followers, cursor } = work.session;
  const kept = followers.filter((follower) => follower.until > work.now && follower.node !== node);
  followers.splice(0, followers.length, ...kept, { node, until: work.now + forMs });
  return { kind: "following", cursor };
}
