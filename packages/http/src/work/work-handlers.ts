import { AppError, Binding, type InteractionStatus, type SessionRef } from "@holdfast/contracts";
import type { InputTarget } from "@holdfast/runtime";
import { requestIdHeader, requestIdOf } from "../control/request-id.ts";
import { withKey } from "../input/input-key.ts";
import type { Handlers } from "../routing/handler.ts";
import { refOf, type Surface } from "../surface.ts";

type WorkHandlers = Pick<
  Handlers,
  "submitInput" | "getInteraction" | "getInteractionByKey" | "getRunStatus" | "resumeRun"
>;

/** Submitting under a bound, and where work stands. */
export function workHandlers(surface: Surface): WorkHandlers {
  const { runtime } = surface;
  return {
    async submitInput({ params, query: { executor, boundMs }, headers, body }) {
      const input = withKey(body, headers["idempotency-key"]);
      const outcome = await runtime.submitBounded(refOf(surface, params), input, {
        // A body that is no object has no key either.
        key: headers["idempotency-key"] ?? input?.idempotencyKey ?? "",
        ...(boundMs === undefined ? {} : { boundMs }),
        ...(executor === undefined ? {} : { createWith: Binding.parse({ executor }) }),
      });
      return { status: 200, body: outcome };
    },

    async getInteraction({ params }) {
      const { inputId } = params;
      return { status: 200, body: await interactionOf(surface, refOf(surface, params), { inputId }) };
    },

    async getInteractionByKey({ params, query: { key } }) {
      return { status: 200, body: await interactionOf(surface, refOf(surface, params), { key }) };
    },

    async getRunStatus({ params }) {
      return { status: 200, body: await runtime.runStatus(refOf(surface, params), params.runId) };
    },

    async resumeRun({ params, headers, body }) {
      const requestId = requestIdOf(headers["idempotency-key"], body.requestId);
      const value = body.value === undefined ? {} : { value: body.value };
      await runtime.resumeRun(refOf(surface, params), { runId: params.runId, requestId, ...value });
      return { status: 200, body: { runId: params.runId }, headers: requestIdHeader(requestId) };
    },
  };
}

async function interactionOf({ runtime }: Surface, ref: SessionRef, target: InputTarget): Promise<InteractionStatus> {
  const status = await runtime.interactionStatus(ref, target);
  if (status === null) throw new AppError("input.not_found");
  return status;
}
