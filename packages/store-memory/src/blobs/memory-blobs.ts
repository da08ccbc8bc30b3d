import type { Blobs } from "@holdfast/runtime";
import { type MemoryContext, memberOf } from "../session/work.ts";

/** Blobs in process. */
export function createMemoryBlobs(context: MemoryContext): Blobs {
  return {
    put: async (ref, name, content) => {
      const { blobs } = context.data();
      const own = blobs.get(memberOf(ref)) ?? new Map<string, Uint8Array>();
      blobs.set(memberOf(ref), own.set(name, Uint8Array.from(content)));
    },
    find: async (ref, name) => context.data().blobs.get(memberOf(ref))?.get(name) ?? null,
    clear: async (ref) => {
      context.data().blobs.delete(memberOf(ref));
    },
  };
}
