import { AppError } from "@holdfast/contracts";
import type { Handlers } from "../routing/handler.ts";
import { asItIs, pageBody } from "../routing/page-body.ts";
import { refOf, type Surface } from "../surface.ts";
import { toSessionResource } from "./session-resource.ts";

type SessionHandlers = Pick<
  Handlers,
  | "ensureSession"
  | "listSessions"
  | "getSession"
  | "getState"
  | "explainSession"
  | "listReceipts"
  | "getReceipt"
  | "verifySession"
>;

/** What a session is and holds. */
export function sessionHandlers(surface: Surface): SessionHandlers {
  const { runtime, tenantId } = surface;
  return {
    async ensureSession({ params, body: { binding, settings, labels } }) {
      const ref = refOf(surface, params);
      const options = { ...(settings === undefined ? {} : { settings }), ...(labels === undefined ? {} : { labels }) };
      const view =
        binding === undefined
          ? await runtime.registerSession(ref, options)
          : await runtime.ensureSessionWithExecutor(ref, binding, options);
      return { status: 200, body: toSessionResource(view) };
    },

    async listSessions({ query: { after = null, limit, label } }) {
      const { sessions, next } = await runtime.listSessions({
        tenantId,
        after,
        limit,
        ...(label === undefined ? {} : { label }),
      });
      return { status: 200, body: { items: sessions.map(({ sessionId }) => ({ sessionId })), next } };
    },

    async getSession({ params }) {
      const view = await runtime.findSession(refOf(surface, params));
      if (view === null) throw new AppError("session.not_found");
      return { status: 200, body: toSessionResource(view) };
    },

    async getState({ params }) {
      const { state, position } = await runtime.sessionState(refOf(surface, params));
      return { status: 200, body: { state, position } };
    },

    async explainSession({ params }) {
      return { status: 200, body: await runtime.explain(refOf(surface, params)) };
    },

    async verifySession({ params }) {
      return { status: 200, body: await runtime.verifySession(refOf(surface, params)) };
    },

    async listReceipts({ params, query }) {
      return { status: 200, body: pageBody(await runtime.listReceipts(refOf(surface, params), query), asItIs) };
    },

    async getReceipt({ params }) {
      const receipt = await runtime.loadBoundaryReceipt(refOf(surface, params), params);
      if (receipt === null) throw new AppError("receipt.not_found");
      return { status: 200, body: receipt };
    },
  };
}
