/** What one operation works with. */
import type { AckLevel, NodeId, Retention, RetryBudget, SessionEvent, SessionRef, Timing } from "@holdfast/contracts";
import { isLeaseLive } from "@holdfast/domain";
import type { SettledInput, StoredEvent } from "@holdfast/runtime";
import { type HoldData, newStoreData, type SessionData, type StoreData } from "./session-data.ts";

/** How a store behaves. */
export interface MemoryConfig {
  readonly timing: Timing;
  readonly budget: RetryBudget;
  readonly retention: Retention;
  readonly ackLevel: AckLevel;
}

/** A store with its clock, as operations see it. */
export interface MemoryContext {
  readonly config: MemoryConfig;
  /** The store's time (L7). */
  readonly now: () => number;
  /** Replaced as a whole by a restore, so it is read anew by every operation. */
  readonly data: () => StoreData;
}

/** One session in one atomic step. */
export interface Work {
  readonly data: StoreData;
  readonly session: SessionData;
  /** Read once per operation. */
  readonly now: number;
  readonly config: MemoryConfig;
  /** Inputs that ended in this step. */
  readonly settled: SettledInput[];
}

/** Opens a session for one step; `null` for an unknown one. */
export function openSession(context: MemoryContext, ref: SessionRef): Work | null {
  const work = openAny(context, ref);
  return work === null || work.session.isAway ? null : work;
}

/** Opens a session that was unregistered; `null` for any other. */
export function openAway(context: MemoryContext, ref: SessionRef): Work | null {
  const work = openAny(context, ref);
  return work?.session.isAway === true ? work : null;
}

/** Opens a session's rows, whether or not it is registered. */
export function openAny(context: MemoryContext, ref: SessionRef): Work | null {
  const data = context.data();
  const session = data.sessions.get(memberOf(ref));
  if (session === undefined) return null;
  return { data, session, now: context.now(), config: context.config, settled: [] };
}

/** The same session to be tried something with: what is done to it is done to a copy. */
export function rehearse({ data, session, ...rest }: Work): Work {
  const copy = structuredClone(session);
  const scratch = { ...newStoreData(), sessions: new Map([[copy.member, copy]]), token: data.token };
  return { ...rest, data: scratch, session: copy, settled: [] };
}

/** How indexes name a session: both ids in base64url, so that members sort the same in every store. */
export function memberOf(ref: SessionRef): string {
  return `${encodeId(ref.tenantId)}.${encodeId(ref.sessionId)}`;
}

/** The session that a member of an index names. */
export function refOf(member: string): SessionRef {
  const [tenant = "", session = ""] = member.split(".").map((id) => Buffer.from(id, "base64url").toString("utf8"));
  return { tenantId: tenant as SessionRef["tenantId"], sessionId: session as SessionRef["sessionId"] };
}

/** Base64url of an id's bytes. */
export function encodeId(id: string): string {
  const known = encoded.get(id);
  if (known !== undefined) return known;
  if (encoded.size > MOST_ENCODED) encoded.clear();
  const text = Buffer.from(id, "utf8").toString("base64url");
  encoded.set(id, text);
  return text;
}

/** Every call names its session, so what was encoded lately is kept. */
const encoded = new Map<string, string>();
const MOST_ENCODED = 10_000;

/** Appends a fact to the session's history. */
export function emit({ session, now }: Work, event: SessionEvent, origin: Origin = {}): void {
  session.cursor += 1;
  session.events.push({ cursor: session.cursor, at: now, event, ...origin });
}

type Origin = Pick<StoredEvent, "cause" | "correlationIds">;

/** What a fact followed from, and what its inputs are correlated with: nothing, one for all, or one each. */
export function originOf(cause: number | null, inputs: readonly { readonly correlationId: string | null }[]): Origin {
  const ids = inputs.map(({ correlationId }) => correlationId ?? "");
  const correlated = ids.every((id) => id === ids[0]) ? ids.slice(0, 1) : ids;
  return {
    ...(cause === null ? {} : { cause }),
    ...(correlated.every((id) => id === "") ? {} : { correlationIds: correlated }),
  };
}

/** Whether somebody holds the session at this moment. */
export function isLive(hold: HoldData | null, { now }: Work): hold is HoldData {
  return hold !== null && isLeaseLive(hold, now);
}

/** Processes whose interest in this session's events has not run out. */
export function liveFollowers({ session, now }: Work): readonly NodeId[] {
  if (session.followers.length === 0) return NO_NODES;
  return session.followers.filter(({ until }) => until > now).map(({ node }) => node);
}

/** The worker that has the session warm. */
export function warmNodeOf({ session, now }: Work): NodeId | null {
  return now < session.warmUntil ? session.warmNode : null;
}

const NO_NODES: readonly NodeId[] = [];
