import type { CompletionPage, SessionRef } from "@holdfast/contracts";
import type { EndedOperation, OperationArchive } from "@holdfast/runtime";
import { type MemoryContext, openSession } from "../session/work.ts";
import { parseOutcome } from "./move-operation.ts";
import type { CompletionData, LifeData, OperationData, RegistryData } from "./registry-data.ts";
import { snapshotOf } from "./registry-work.ts";

/** Reads of the registry in process. */
export function createMemoryOperationArchive(context: MemoryContext): OperationArchive {
  const read = <T>(ref: SessionRef, view: (found: Found) => T, none: T): T => {
    const found = findLife(context, ref);
    return found === null ? none : view(found);
  };
  return {
    findRegistry: async (ref) =>
      read(
        ref,
        ({ registry: { epochId, watermark, cursors, tellings }, life }) =>
          epochId === null
            ? null
            : { epochId, active: life.active.length, watermark, tellings, cursors: { ...cursors } },
        null,
      ),
    find: async (ref, operationId) =>
      read(
        ref,
        ({ life, now }) => {
          const operation = life.operations.get(operationId);
          return operation === undefined ? null : snapshotOf(operation, life, now);
        },
        null,
      ),
    list: async (ref) => read(ref, (found) => ordered(found, "number").map(({ operation }) => operation), []),
    listEnded: async (ref) => read(ref, (found) => ordered(found, "seq").filter(({ seq }) => seq > 0), []),
    listCompletions: async (ref, query) =>
      read(ref, (found) => pageOf(found, query), { entries: [], watermark: 0, droppedThrough: 0 }),
  };
}

interface Found {
  readonly registry: RegistryData;
  readonly life: LifeData;
  readonly now: number;
}

function findLife(context: MemoryContext, ref: SessionRef): Found | null {
  const work = openSession(context, ref);
  const registry = work?.session.registry ?? null;
  const life = registry === null ? undefined : work?.session.lives.get(registry.life);
  return work === null || registry === null || life === undefined ? null : { registry, life, now: work.now };
}

function ordered({ life, now }: Found, by: keyof Pick<OperationData, "number" | "seq">): EndedOperation[] {
  const operations = [...life.operations.values()].sort((one, other) => one[by] - other[by]);
  return operations.map((operation) => ({ seq: operation.seq, operation: snapshotOf(operation, life, now) }));
}

/** Longest page of the feed, whatever is asked. */
const MAX_PAGE = 500;

function pageOf(
  { registry, life }: Found,
  { after, limit }: { readonly after: number; readonly limit: number },
): CompletionPage {
  const { watermark, droppedThrough } = registry;
  const last = Math.min(after + Math.max(0, Math.min(limit, MAX_PAGE)), watermark);
  const seqs = Array.from({ length: Math.max(0, last - after) }, (_, index) => after + 1 + index);
  const entries = seqs
    .filter((seq) => seq > droppedThrough)
    .map((seq) => {
      const { outcome, ...completion } = life.completions.get(seq) as CompletionData;
      return { seq, ...completion, outcome: parseOutcome(outcome) };
    });
  return { entries, watermark, droppedThrough };
}
