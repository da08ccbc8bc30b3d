import type { RunId, SessionRef, StreamPart } from "@holdfast/contracts";
import { asksForPage } from "../event/asks-for-page.ts";
import type { StreamEvent } from "../event/event-stream.ts";
import type { Handlers } from "../routing/handler.ts";
import { refOf, type Surface } from "../surface.ts";

/** What runs write while they are in progress. */
export function streamHandlers(surface: Surface): Pick<Handlers, "followRunStream" | "followCurrentStream"> {
  const { runtime } = surface;
  return {
    async followRunStream({ params, query, headers, signal }) {
      const ref = refOf(surface, params);
      const { runId } = params;
      // A client that reconnects repeats its URL: what it has seen since is in the header.
      const after = headers["last-event-id"] ?? query.after ?? 0;
      if (asksForPage(headers.accept)) {
        return { status: 200, body: await runtime.readStream(ref, runId, { after, limit: query.limit }) };
      }
      if (await isOver(surface, ref, { runId, after })) return NOTHING;
      const parts = runtime.followStream(ref, runId, { after, signal: signal() });
      return { events: eventsOf(parts, ({ offset }) => String(offset)) };
    },

    async followCurrentStream({ params, query, headers, signal }) {
      const ref = refOf(surface, params);
      const place = headers["last-event-id"] ?? query.after ?? null;
      const runId = place?.runId ?? (await runtime.findCurrentRun(ref));
      if (runId === null) return NOTHING;
      const after = place?.after ?? 0;
      if (asksForPage(headers.accept)) {
        const page = await runtime.readStream(ref, runId, { after, limit: query.limit });
        return { status: 200, body: { ...page, runId } };
      }
      if (await isOver(surface, ref, { runId, after })) return NOTHING;
      const parts = runtime.followStream(ref, runId, { after, signal: signal() });
      return { events: eventsOf(parts, ({ offset }) => `${runId}.${offset}`) };
    },
  };
}

/** The one answer that keeps every EventSource from coming back. */
const NOTHING = { status: 204, body: null } as const;

/** Whether nothing is left to tell. Asked before the answer begins, so that a refusal is one. */
async function isOver(
  { runtime }: Surface,
  ref: SessionRef,
  { runId, after }: { readonly runId: RunId; readonly after: number },
): Promise<boolean> {
  const { items, isClosed } = await runtime.readStream(ref, runId, { after, limit: 1 });
  return isClosed && items.length === 0;
}

async function* eventsOf(
  parts: AsyncIterable<StreamPart>,
  idOf: (part: StreamPart) => string,
): AsyncGenerator<StreamEvent> {
  for await (const part of parts) yield { id: idOf(part), part };
}
