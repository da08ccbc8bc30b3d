import {
  AppError,
  type Binding,
  type Labels,
  type Obligation,
  type SessionPhase,
  type SessionRef,
  SessionSettings,
} from "@holdfast/contracts";
import type {
  FollowCommand,
  FollowReply,
  LabelReply,
  ListQuery,
  RegisterCommand,
  RegisterReply,
  SessionDirectory,
  SessionPage,
  SessionRecord,
} from "@holdfast/runtime";
import type { ScriptRunner } from "../connection/script-runner.ts";
import { decodeColumnText, encodeColumnText } from "../layout/column.ts";
import { decodeRef, encodeId, type Keyspace } from "../layout/keys.ts";
import { decodeLabels, encodeLabel, encodeLabels } from "../layout/labels.ts";
import { decodeRow, HEAD, type Row } from "../layout/rows.ts";
import { asReply, listOf, number, tagOf, text, unexpected } from "../ledger/replies.ts";
import { readWithHolder } from "./find-holder.ts";

interface DirectoryOptions {
  readonly scripts: ScriptRunner;
  readonly keys: Keyspace;
  readonly rewakeMs: number;
}

/** The directory on Redis: the session's own row, and one index per bucket. */
export function createRedisSessionDirectory(options: DirectoryOptions): SessionDirectory {
  return {
    register: (command) => register(options, command),
    find: (ref) => find(options, ref),
    list: (query) => listSessions(options, "d", query),
    configure: (ref, settings) => configure(options, ref, settings),
    label: (ref, labels) => label(options, ref, labels),
    follow: (command) => follow(options, command),
  };
}

async function register(
  { scripts, keys, rewakeMs }: DirectoryOptions,
  { ref, binding, settings, mayRevive }: RegisterCommand,
): Promise<RegisterReply> {
  const { member, list: sessionKeys } = keys.session(ref);
  const reply = asReply(
    await scripts.run("register-session", sessionKeys, {
      member,
      executor: binding?.executor ?? "",
      versions: encodeColumnText(binding?.versions ?? ""),
      isHeld: binding?.onFailure !== "defer",
      hasSettings: settings !== null,
      settings: JSON.stringify(settings ?? SessionSettings.parse({})),
      mayRevive,
      rewakeMs,
    }),
  );
  const phase = text(reply, 1) as SessionPhase;
  switch (tagOf(reply)) {
    case "created":
      return { kind: "created", phase, settingsRevision: number(reply, 2) };
    case "existing":
      return { kind: "existing", phase, settingsRevision: number(reply, 2) };
    case "refused":
      return { kind: "refused", phase, open: listOf(text(reply, 2)) as Obligation[] };
    case "torn":
      throw new AppError("session.torn");
    default:
      return unexpected("register-session", reply);
  }
}

/** The record of a session from its stored rows. */
export function toSessionRecord(
  ref: SessionRef,
  head: Row<typeof HEAD>,
  stored: {
    readonly hasRun: boolean;
    readonly isBusy: boolean;
    readonly settings: string;
    readonly labels: string;
  },
): SessionRecord {
  return {
    ref,
    phase: head.phase as SessionPhase,
    generation: head.generation,
    binding: toBinding(head),
    settings: SessionSettings.parse(JSON.parse(stored.settings)),
    settingsRevision: head.settingsRevision,
    labels: decodeLabels(stored.labels),
    hasRun: stored.hasRun,
    isBusy: stored.isBusy,
    admitted: head.admitted,
    queued: head.queued,
    scheduled: head.scheduled,
    position: head.position,
    digest: head.digest,
    cursor: head.cursor,
    deadLetters: head.openLetters,
  };
}

function toBinding({ executor, isHeld, versions }: Row<typeof HEAD>): Binding | null {
  if (executor === "") return null;
  const range = versions === "" ? {} : { versions: decodeColumnText(versions) };
  return { executor, onFailure: isHeld ? "hold" : "defer", ...range };
}

async function find(options: DirectoryOptions, ref: SessionRef): Promise<SessionRecord | null> {
  const { scripts, keys } = options;
  const { session } = keys.session(ref);
  const found = await readWithHolder(options, ref, async () => {
    const [head, hold, settings, labels] = await scripts.read((client) =>
      client.hmgetBuffer(session, "head", "hold", "settings", "labels"),
    );
    return head ? { head, hold: hold && hold.length > 0 ? hold : null, settings, labels } : null;
  });
  if (found === null) return null;
  const { reading, isBusy } = found;
  return toSessionRecord(ref, decodeRow(HEAD, reading.head), {
    hasRun: reading.hold !== null,
    isBusy,
    settings: reading.settings?.toString() ?? "{}",
    labels: reading.labels?.toString() ?? "",
  });
}

const CURSOR = /^(\d{1,5}):(.+)$/;

/**
 * Position in a listing: the bucket that is read, and the last member seen in it. That one is the tenant's own:
 * any other would move the listing's start among the members of other tenants (G13).
 */
function parseCursor(after: string | null, tenantPrefix: string): { bucket: number; member: string | null } {
  if (after === null) return { bucket: 0, member: null };
  const [, bucket, member] = CURSOR.exec(after) ?? [];
  if (member?.startsWith(tenantPrefix) === true) return { bucket: Number(bucket), member };
  throw new AppError("request.invalid", { message: "`after` is not a cursor of a previous page" });
}

/** A page of the tenant's sessions among those that the buckets list under a letter: `d` for all, `l` for those with dead letters. */
export async function listSessions(
  { scripts, keys }: Pick<DirectoryOptions, "scripts" | "keys">,
  letter: "d" | "l",
  query: ListQuery,
): Promise<SessionPage> {
  const tenantPrefix = `${encodeId(query.tenantId)}.`;
  const start = parseCursor(query.after, tenantPrefix);
  const list = query.label === undefined ? `${letter} ` : `t ${encodeLabel(query.label)} `;
  const prefix = `${list}${tenantPrefix}`;
  const sessions: SessionPage["sessions"][number][] = [];
  for (let bucket = start.bucket; bucket < keys.buckets; bucket += 1) {
    const from = bucket === start.bucket && start.member !== null ? `(${list}${start.member}` : `[${prefix}`;
    const wanted = query.limit - sessions.length;
    const entries = await scripts.read((client) =>
      client.zrangebylex(keys.index(bucket), from, `[${prefix}\xff`, "LIMIT", 0, wanted),
    );
    const members = entries.map((entry) => entry.slice(list.length));
    sessions.push(...members.map((member) => ({ sessionId: decodeRef(member).sessionId })));
    const last = members.at(-1);
    if (last !== undefined && sessions.length >= query.limit) return { sessions, next: `${bucket}:${last}` };
  }
  return { sessions, next: null };
}

async function label({ scripts, keys }: DirectoryOptions, ref: SessionRef, labels: Labels): Promise<LabelReply> {
  const { member, list: sessionKeys } = keys.session(ref);
  const reply = asReply(await scripts.run("label-session", sessionKeys, { member, labels: encodeLabels(labels) }));
  switch (tagOf(reply)) {
    case "labelled":
      return { kind: "labelled" };
    case "refused":
      return { kind: "refused", phase: text(reply, 1) as SessionPhase };
    case "missing":
      return { kind: "missing" };
    case "torn":
      throw new AppError("session.torn");
    default:
      return unexpected("label-session", reply);
  }
}

async function configure({ scripts, keys }: DirectoryOptions, ref: SessionRef, settings: SessionSettings) {
  const reply = asReply(
    await scripts.run("configure-session", keys.session(ref).list, { settings: JSON.stringify(settings) }),
  );
  if (tagOf(reply) === "torn") throw new AppError("session.torn");
  return tagOf(reply) === "configured" ? number(reply, 1) : null;
}

async function follow({ scripts, keys }: DirectoryOptions, { ref, node, forMs }: FollowCommand): Promise<FollowReply> {
  const reply = asReply(await scripts.run("follow-session", keys.session(ref).list, { node, forMs }));
  return tagOf(reply) === "following" ? { kind: "following", cursor: number(reply, 1) } : { kind: "missing" };
}
