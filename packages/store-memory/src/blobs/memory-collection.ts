import { blobNamesIn, type Collection } from "@holdfast/runtime";
import type { StoreData } from "../session/session-data.ts";
import { type MemoryContext, memberOf } from "../session/work.ts";

/** How the `due` index tells a session's blobs from the session. */
export const BLOBS_SUFFIX = ".b";

/** Looks at blobs, in process. */
export function createMemoryCollection(context: MemoryContext): Collection {
  return {
    plan: async (ref, afterMs) => planLook(context.data(), memberOf(ref), context.now() + afterMs),
    drop: async (ref) => {
      context.data().due.delete(`${memberOf(ref)}${BLOBS_SUFFIX}`);
    },
    mentions: async (ref) => {
      const session = context.data().sessions.get(memberOf(ref));
      const text = JSON.stringify(session ?? null, (_, value: unknown) => (value instanceof Map ? [...value] : value));
      return { names: blobNamesIn(text), next: null };
    },
  };
}

/** Somebody looks at a session's blobs at that time, or sooner. */
export function planLook({ due }: StoreData, member: string, at: number): void {
  const planned = due.get(`${member}${BLOBS_SUFFIX}`) ?? at;
  due.set(`${member}${BLOBS_SUFFIX}`, Math.min(planned, at));
}
