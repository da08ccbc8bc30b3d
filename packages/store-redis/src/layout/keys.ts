/**
 * Every key name, once.
 *
 * A session's keys, its bucket's indexes and its token counter share one hash
 * tag, so that one script may change them together, on Redis Cluster too.
 * Ids are base64url-encoded: no id can collide with another's key, or move it
 * to another slot.
 */
import { crc32 } from "node:zlib";
import type { NodeId, SessionId, SessionRef, TenantId } from "@holdfast/contracts";

/** What a session script calls its keys (`K.due`), in the order in which it takes them. */
export const SESSION_KEYS = ["session", "later", "due", "meta", "index"] as const;

/** What a script on a delivery inbox calls its keys. The inbox is no part of the session, which may not exist. */
export const INBOX_KEYS = ["inbox", "due", "session"] as const;

/** What a script on the blobs of a session calls its keys. The session need not exist. */
export const BLOB_KEYS = ["blobs", "stamps", "due"] as const;

/** How the `due` index tells a session's inbox from the session. */
export const INBOX_SUFFIX = ".n";

/** How the `due` index tells a session's schedules from the session. */
export const SCHEDULES_SUFFIX = ".t";

/** How the `due` index tells a session's blobs from the session. */
export const BLOBS_SUFFIX = ".b";

/** Names the keys of one store. */
export class Keyspace {
  readonly namespace: string;
  readonly buckets: number;

  constructor(options: { readonly namespace: string; readonly buckets: number }) {
    this.namespace = options.namespace;
    this.buckets = options.buckets;
  }

  /** The store's own row: bucket count, timeline. */
  get store(): string {
    return `{${this.namespace}}:store`;
  }

  /** Workers by node. */
  get workers(): string {
    return `{${this.namespace}}:workers`;
  }

  /** Channel on which a process is told things. */
  channel(node: NodeId): string {
    return `${this.namespace}:node:${node}`;
  }

  /** Hash tag of the wake queue; it lives in a slot of its own. */
  get wakePrefix(): string {
    return `{${this.namespace}.wake}`;
  }

  bucketOf(member: string): number {
    return crc32(member) % this.buckets;
  }

  /** The keys of a session and of its bucket. */
  session(ref: SessionRef): SessionKeys {
    const member = encodeRef(ref);
    const tag = this.#tag(this.bucketOf(member));
    const keys = {
      session: `${tag}:s:${member}`,
      later: `${tag}:l:${member}`,
      due: `${tag}:due`,
      meta: `${tag}:meta`,
      index: `${tag}:index`,
    };
    return { member, ...keys, list: SESSION_KEYS.map((name) => keys[name]) };
  }

  /** The keys of a session's delivery inbox, which exists from its first delivery on. */
  inbox(ref: SessionRef): InboxKeys {
    const member = encodeRef(ref);
    const tag = this.#tag(this.bucketOf(member));
    const inbox = `${tag}:n:${member}`;
    return { member: `${member}${INBOX_SUFFIX}`, inbox, list: [inbox, `${tag}:due`, `${tag}:s:${member}`] };
  }

  /** The keys of a session's blobs, which exist from its first blob on: contents, and when each was put last. */
  blobs(ref: SessionRef): BlobKeys {
    const member = encodeRef(ref);
    const tag = this.#tag(this.bucketOf(member));
    const [blobs, stamps] = [`${tag}:b:${member}`, `${tag}:a:${member}`];
    return { member: `${member}${BLOBS_SUFFIX}`, blobs, stamps, list: [blobs, stamps, `${tag}:due`] };
  }

  due(bucket: number): string {
    return `${this.#tag(bucket)}:due`;
  }

  meta(bucket: number): string {
    return `${this.#tag(bucket)}:meta`;
  }

  index(bucket: number): string {
    return `${this.#tag(bucket)}:index`;
  }

  #tag(bucket: number): string {
    return `{${this.namespace}.b${String(bucket).padStart(3, "0")}}`;
  }
}

/** Keys of one session, and the list of them that every session script takes. */
export interface SessionKeys extends Readonly<Record<(typeof SESSION_KEYS)[number], string>> {
  /** How the bucket's indexes name the session. */
  readonly member: string;
  readonly list: readonly string[];
}

/** Keys of a delivery inbox. */
export interface InboxKeys {
  /** How the bucket's `due` index names it. */
  readonly member: string;
  readonly inbox: string;
  readonly list: readonly string[];
}

/** Keys of the blobs of a session. */
export interface BlobKeys {
  /** How the bucket's `due` index names them. */
  readonly member: string;
  readonly blobs: string;
  readonly stamps: string;
  readonly list: readonly string[];
}

/** A reference as indexes name it: both ids encoded, joined by a dot. */
export function encodeRef(ref: SessionRef): string {
  return `${encodeId(ref.tenantId)}.${encodeId(ref.sessionId)}`;
}

/** The reference of an index member; what lies beside a session has its session's. */
export function decodeRef(member: string): SessionRef {
  const [tenant = "", session = ""] = member.split(".");
  return { tenantId: decodeId(tenant) as TenantId, sessionId: decodeId(session) as SessionId };
}

/** Base64url of an id's UTF-8 bytes: letters that need no escaping anywhere. */
export function encodeId(id: string): string {
  return Buffer.from(id, "utf8").toString("base64url");
}

/** The id of an encoded one. */
export function decodeId(encoded: string): string {
  return Buffer.from(encoded, "base64url").toString("utf8");
}
