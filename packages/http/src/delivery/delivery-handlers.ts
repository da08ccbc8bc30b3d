import { AppError } from "@holdfast/contracts";
import type { Handlers } from "../routing/handler.ts";
import { refOf, type Surface } from "../surface.ts";

type DeliveryHandlers = Pick<
  Handlers,
  "submitDelivery" | "listPendingDeliveries" | "getDelivery" | "markDeliveryApplied"
>;

/** What waits in the inbox of a session, and what became of it. */
export function deliveryHandlers(surface: Surface): DeliveryHandlers {
  const { runtime } = surface;
  return {
    async submitDelivery({ params, body }) {
      const { sequence, isDeduplicated } = await runtime.submitDelivery(refOf(surface, params), body);
      return { status: 200, body: { sequence, isDeduplicated } };
    },

    async listPendingDeliveries({ params, query: { limit } }) {
      const { items, applied, committed } = await runtime.pendingDeliveries(refOf(surface, params), { limit });
      return { status: 200, body: { items: [...items], applied, committed } };
    },

    async getDelivery({ params }) {
      const delivery = await runtime.deliveryState(refOf(surface, params), params.deliveryId);
      if (delivery === null) throw new AppError("delivery.not_found");
      return { status: 200, body: delivery };
    },

    async markDeliveryApplied({ params, body }) {
      const { sequence } = await runtime.markDeliveryApplied(
        refOf(surface, params),
        params.deliveryId,
        body.disposition,
      );
      return { status: 200, body: { sequence } };
    },
  };
}
