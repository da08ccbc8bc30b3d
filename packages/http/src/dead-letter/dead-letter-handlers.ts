import { AppError, type NewInput } from "@holdfast/contracts";
import { requestIdHeader, requestIdOf } from "../control/request-id.ts";
import type { Handlers } from "../routing/handler.ts";
import { refOf, type Surface } from "../surface.ts";

/** What operators decide about inputs whose budget is spent. */
export function deadLetterHandlers(surface: Surface): Pick<Handlers, "redriveDeadLetter" | "discardDeadLetter"> {
  const { runtime } = surface;
  return {
    async redriveDeadLetter({ params, headers, body }) {
      const requestId = requestIdOf(headers["idempotency-key"], body.requestId);
      const edit = body.edit === undefined ? {} : { edit: body.edit as Partial<NewInput> };
      const options = { requestId, ...edit };
      const admission = await runtime.redriveDeadLetter(refOf(surface, params), params.inputId, options);
      if (admission.kind === "rejected") {
        throw new AppError("input.rejected", { message: admission.detail, details: { reason: admission.reason } });
      }
      return { status: 200, body: { admission }, headers: requestIdHeader(requestId) };
    },

    async discardDeadLetter({ params }) {
      await runtime.discardDeadLetter(refOf(surface, params), params.inputId);
      return { status: 204, body: null };
    },
  };
}
