import { type NewInput, type RequestId, rejectionError } from "@holdfast/contracts";
import type { DeadLetterSelection, RedriveProgress } from "@holdfast/runtime";
import { requestIdHeader, requestIdOf } from "../control/request-id.ts";
import type { Handlers } from "../routing/handler.ts";
import { refOf, type Surface } from "../surface.ts";

type DeadLetterHandlers = Pick<
  Handlers,
  "listSessionsWithDeadLetters" | "redriveDeadLetter" | "redriveDeadLetters" | "redriveTenant" | "discardDeadLetter"
>;

/** What operators decide about inputs whose budget is spent. */
export function deadLetterHandlers(surface: Surface): DeadLetterHandlers {
  const { runtime, tenantId } = surface;
  return {
    async listSessionsWithDeadLetters({ query: { after = null, limit } }) {
      const { sessions, next } = await runtime.listSessionsWithDeadLetters({ tenantId, after, limit });
      return { status: 200, body: { items: sessions.map(({ sessionId }) => ({ sessionId })), next } };
    },

    async redriveDeadLetters({ params, headers, body }) {
      const requestId = requestIdOf(headers["idempotency-key"], body.requestId);
      return redriveStep(surface, { ref: refOf(surface, params) }, { ...body, requestId });
    },

    async redriveTenant({ headers, body }) {
      const requestId = requestIdOf(headers["idempotency-key"], body.requestId);
      return redriveStep(surface, { tenantId }, { ...body, requestId });
    },

    async redriveDeadLetter({ params, headers, body }) {
      const requestId = requestIdOf(headers["idempotency-key"], body.requestId);
      const edit = body.edit === undefined ? {} : { edit: body.edit as Partial<NewInput> };
      const options = { requestId, ...edit };
      const admission = await runtime.redriveDeadLetter(refOf(surface, params), params.inputId, options);
      if (admission.kind === "rejected") throw rejectionError(admission);
      return { status: 200, body: { admission }, headers: requestIdHeader(requestId) };
    },

    async discardDeadLetter({ params }) {
      await runtime.discardDeadLetter(refOf(surface, params), params.inputId);
      return { status: 204, body: null };
    },
  };
}

interface Step {
  readonly requestId: RequestId;
  readonly code?: string | undefined;
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
}

async function redriveStep({ runtime }: Surface, where: DeadLetterSelection, { requestId, code, after, limit }: Step) {
  const progress = await runtime.redriveDeadLetters(
    { ...where, ...(code === undefined ? {} : { code }) },
    { requestId, ...(after === undefined ? {} : { after }), ...(limit === undefined ? {} : { limit }) },
  );
  return { status: 200 as const, body: toResource(progress), headers: requestIdHeader(requestId) };
}

function toResource({ redriven, refused, next }: RedriveProgress) {
  return {
    redriven: redriven.map(({ ref, inputId, by }) => ({ sessionId: ref.sessionId, inputId, by })),
    refused: refused.map(({ ref, inputId, code }) => ({ sessionId: ref.sessionId, inputId, code })),
    next,
  };
}
