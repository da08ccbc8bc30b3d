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

  /** The list every session script takes: session, later, due, meta, index. */
  session(ref: SessionRef): SessionKeys {
    const member = encodeRef(ref);
    const tag = this.#tag(this.bucketOf(member));
    const session = `${tag}:s:${member}`;
    return { member, session, list: [session, `${tag}:l:${member}`, `${tag}:due`, `${tag}:meta`, `${tag}:index`] };
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

/** Keys of one session. */
export interface SessionKeys {
  /** How the bucket's indexes name the session. */
  readonly member: string;
  readonly session: string;
  readonly list: readonly string[];
}

/** A reference as indexes name it: both ids encoded, joined by a dot. */
export function encodeRef(ref: SessionRef): string {
  return `${encodeId(ref.tenantId)}.${encodeId(ref.sessionId)}`;
}

/** The reference of an index member. */
export function decodeRef(member: string): SessionRef {
  const [tenant = "", session = ""] = member.split(".");
  return { tenantId: decodeId(tenant) as TenantId, sessionId: decodeId(session) as SessionId };
}

/** Base64url of an id's UTF-8 bytes: letters that need no escaping anywhere. */
export function encodeId(id: string): string {
  return Buffer.from(id, "utf8").toString("base64url");
}

function decodeId(encoded: string): string {
  return Buffer.from(encoded, "base64url").toString("utf8");
}
