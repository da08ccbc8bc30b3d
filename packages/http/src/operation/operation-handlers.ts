import { isoOf, type OperationResource, type OperationSnapshot } from "@holdfast/contracts";
import type { Handlers } from "../routing/handler.ts";
import { refOf, type Surface } from "../surface.ts";

/** What background operations of a session do, and how they ended. */
export function operationHandlers(surface: Surface): Pick<Handlers, "listOperations" | "listCompletions"> {
  const { runtime } = surface;
  return {
    async listOperations({ params }) {
      const operations = await runtime.listOperations(refOf(surface, params));
      return { status: 200, body: { items: operations.map(toOperationResource) } };
    },

    async listCompletions({ params, query }) {
      const { entries, watermark, droppedThrough } = await runtime.listCompletions(refOf(surface, params), query);
      const items = entries.map((entry) => ({ ...entry, completedAt: isoOf(entry.completedAt) }));
      return { status: 200, body: { items, watermark, droppedThrough } };
    },
  };
}

function toOperationResource({ createdAt, startedAt, completedAt, ...facts }: OperationSnapshot): OperationResource {
  return {
    ...facts,
    createdAt: isoOf(createdAt),
    startedAt: startedAt === null ? null : isoOf(startedAt),
    completedAt: completedAt === null ? null : isoOf(completedAt),
  };
}
