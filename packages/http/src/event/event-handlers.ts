import { AppError, type EventPosition, type SessionRef } from "@holdfast/contracts";
import type { Handlers } from "../routing/handler.ts";
import { asItIs, pageBody } from "../routing/page-body.ts";
import { refOf, type Surface } from "../surface.ts";
import { asksForPage } from "./asks-for-page.ts";

/** What a session reports. */
export function eventHandlers(surface: Surface): Pick<Handlers, "followEvents"> {
  const { runtime } = surface;
  return {
    async followEvents({ params, query, headers, signal }) {
      const ref = refOf(surface, params);
      // A client that reconnects repeats its URL: what it has seen since is in the header.
      const after = headers["last-event-id"] ?? query.after ?? 0;
      if (asksForPage(headers.accept)) {
        return { status: 200, body: pageBody(await runtime.listEvents(ref, { after, limit: query.limit }), asItIs) };
      }
      const view = await runtime.findSession(ref);
      if (view === null) throw new AppError("session.not_found");
      if (view.phase === "destroyed" && (await hasNothing(surface, ref, after))) {
        // The one answer that keeps every EventSource from coming back.
        return { status: 204, body: null };
      }
      return { events: runtime.followEvents(ref, { after, signal: signal() }) };
    },
  };
}

async function hasNothing({ runtime }: Surface, ref: SessionRef, after: EventPosition): Promise<boolean> {
  const { items } = await runtime.listEvents(ref, { after, limit: 1 });
  return items.length === 0;
}
