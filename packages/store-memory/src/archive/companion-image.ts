/** What is kept beside a session, whether or not it is there, as canonical plain JSON. */
import type { SessionRef } from "@holdfast/contracts";
import { BLOBS_SUFFIX } from "../blobs/plan-look.ts";
import { inboxMember } from "../delivery/inbox.ts";
import type { DeliveryData } from "../session/session-data.ts";
import { type MemoryContext, memberOf } from "../session/work.ts";

/** The delivery inbox of a session, where consumers of its events stand, and its blobs. */
export interface CompanionImage {
  readonly inbox: InboxImage | null;
  /** When somebody must look at the inbox; `never` waits for its session. */
  readonly inboxAt: number | "never" | null;
  readonly consumers: Readonly<Record<string, number>>;
  /** When each blob was put last, by name. */
  readonly blobs: Readonly<Record<string, number>>;
  /** When somebody must look for blobs that nothing refers to; `null` for never. */
  readonly collectAt: number | null;
}

/** A delivery inbox, complete. */
export interface InboxImage {
  readonly committed: number;
  readonly applied: number;
  readonly trimmed: number;
  readonly deliveries: Readonly<Record<string, DeliveryData>>;
  /** By sequence; `null` once it was let go. */
  readonly submissions: Readonly<Record<string, unknown>>;
}

/** What there is beside a session. */
export function companionImage(context: MemoryContext, ref: SessionRef): CompanionImage {
  const { inboxes, due, consumers, blobs } = context.data();
  const stored = inboxes.get(inboxMember(ref));
  const at = due.get(inboxMember(ref)) ?? null;
  return structuredClone({
    inbox:
      stored === undefined
        ? null
        : {
            committed: stored.committed,
            applied: stored.applied,
            trimmed: stored.trimmed,
            deliveries: Object.fromEntries(stored.deliveries),
            submissions: Object.fromEntries(stored.submissions),
          },
    inboxAt: at === Number.POSITIVE_INFINITY ? "never" : at,
    consumers: Object.fromEntries(consumers.get(memberOf(ref)) ?? []),
    blobs: Object.fromEntries([...(blobs.get(memberOf(ref)) ?? [])].map(([name, { at: putAt }]) => [name, putAt])),
    collectAt: due.get(`${memberOf(ref)}${BLOBS_SUFFIX}`) ?? null,
  });
}
