import { AppError, type NewSchedule, type RouteRequest } from "@holdfast/contracts";
import type { Handlers } from "../routing/handler.ts";
import { refOf, type Surface } from "../surface.ts";

type ScheduleHandlers = Pick<
  Handlers,
  "putSchedule" | "listSchedules" | "deleteSchedule" | "pauseSchedule" | "resumeSchedule"
>;

/** Inputs at planned times. */
export function scheduleHandlers(surface: Surface): ScheduleHandlers {
  const { runtime } = surface;
  return {
    async putSchedule({ params, body }) {
      const view = await runtime.putSchedule(refOf(surface, params), namedSchedule(params, body));
      return { status: 200, body: view };
    },

    async listSchedules({ params }) {
      return { status: 200, body: { items: [...(await runtime.listSchedules(refOf(surface, params)))] } };
    },

    async deleteSchedule({ params }) {
      const wasThere = await runtime.deleteSchedule(refOf(surface, params), params.scheduleId);
      return { status: 200, body: { wasThere } };
    },

    async pauseSchedule({ params }) {
      return { status: 200, body: await runtime.pauseSchedule(refOf(surface, params), params.scheduleId) };
    },

    async resumeSchedule({ params }) {
      return { status: 200, body: await runtime.resumeSchedule(refOf(surface, params), params.scheduleId) };
    },
  };
}

/** The path names the schedule. What is sent is unchecked: the runtime refuses what is none. */
function namedSchedule(
  { scheduleId }: RouteRequest<"putSchedule">["params"],
  body: RouteRequest<"putSchedule">["body"] | undefined,
): NewSchedule {
  const sent: Partial<NewSchedule> = { ...body };
  if (sent.scheduleId !== undefined && sent.scheduleId !== scheduleId) {
    throw new AppError("id.invalid", { message: "The path and the body's scheduleId differ." });
  }
  return { ...sent, scheduleId } as NewSchedule;
}
