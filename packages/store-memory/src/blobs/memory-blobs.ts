import type { BlobCount, Blobs } from "@holdfast/runtime";
import type { BlobData } from "../session/session-data.ts";
import { type MemoryContext, memberOf } from "../session/work.ts";

/** Blobs in process. */
export function createMemoryBlobs(context: MemoryContext): Blobs {
  const blobsOf = (ref: Parameters<Blobs["clear"]>[0]) => context.data().blobs.get(memberOf(ref));
  const isOld = ({ at }: BlobData, ageMs: number) => context.now() - at >= ageMs;
  return {
    put: async (ref, name, content) => {
      const own = blobsOf(ref) ?? new Map<string, BlobData>();
      const blob = { content: Uint8Array.from(content), at: context.now() };
      context.data().blobs.set(memberOf(ref), own.set(name, blob));
    },
    find: async (ref, name) => blobsOf(ref)?.get(name)?.content ?? null,
    count: async (ref, ageMs): Promise<BlobCount> => {
      const blobs = [...(blobsOf(ref)?.values() ?? [])];
      const old = blobs.filter((blob) => isOld(blob, ageMs)).length;
      return { old, young: blobs.length - old };
    },
    retain: async (ref, names, ageMs) => {
      const own = blobsOf(ref);
      for (const [name, blob] of own ?? []) {
        if (!names.has(name) && isOld(blob, ageMs)) own?.delete(name);
      }
    },
    clear: async (ref) => {
      context.data().blobs.delete(memberOf(ref));
    },
  };
}
