import type { Projections } from "@holdfast/runtime";
import { type MemoryContext, memberOf } from "../session/work.ts";

/** Where consumers stand, in process. */
export function createMemoryProjections(context: MemoryContext): Projections {
  return {
    find: async (ref, consumer) => context.data().consumers.get(memberOf(ref))?.get(consumer) ?? 0,
    move: async ({ ref, consumer, from, to }) => {
      const { consumers } = context.data();
      const own = consumers.get(memberOf(ref)) ?? new Map<string, number>();
      const cursor = own.get(consumer) ?? 0;
      if (cursor !== from) return { kind: "conflict", cursor };
      consumers.set(memberOf(ref), own.set(consumer, to));
      return { kind: "moved", cursor: to };
    },
  };
}
