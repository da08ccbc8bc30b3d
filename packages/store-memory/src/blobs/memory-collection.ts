import { blobNamesIn, type Collection } from "@holdfast/runtime";
import { trimSession } from "../ledger/trim.ts";
import { weighHistory } from "../ledger/weigh.ts";
import { type MemoryContext, memberOf, openSession } from "../session/work.ts";
import { BLOBS_SUFFIX, planLook } from "./plan-look.ts";

/** Looks at blobs, in process. */
export function createMemoryCollection(context: MemoryContext): Collection {
  return {
    plan: async (ref, afterMs) => planLook(context.data(), memberOf(ref), context.now() + afterMs),
    replan: async (ref, afterMs) => {
      const { due } = context.data();
      due.delete(`${memberOf(ref)}${BLOBS_SUFFIX}`);
      if (afterMs !== null) planLook(context.data(), memberOf(ref), context.now() + afterMs);
    },
    trim: async (ref, kept) => {
      const work = openSession(context, ref);
      return work === null ? { isTrimming: false, nextMs: null } : trimSession(work, kept);
    },
    weigh: async (ref, of, before) => {
      const work = openSession(context, ref);
      return work === null ? { bytes: [], before: null } : weighHistory(work.session, of, before);
    },
    mentions: async (ref) => {
      const session = context.data().sessions.get(memberOf(ref));
      const text = JSON.stringify(session ?? null, (_, value: unknown) => (value instanceof Map ? [...value] : value));
      return { names: blobNamesIn(text), next: null };
    },
  };
}
