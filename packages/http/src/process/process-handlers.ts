import { AppError, describeApi, isoOf, type OpenApiDocument, type Readiness, toProblem } from "@holdfast/contracts";
import type { WorkerRecord } from "@holdfast/runtime";
import type { Handlers } from "../routing/handler.ts";
import type { Surface } from "../surface.ts";

type ProcessHandlers = Pick<Handlers, "listWorkers" | "describeApi" | "getLiveness" | "getReadiness">;

/** What the processes are: this one, and the workers. */
export function processHandlers(surface: Surface): ProcessHandlers {
  // Made when somebody asks: it takes longer than everything else that a server does to start.
  let description: OpenApiDocument | null = null;
  return {
    async listWorkers() {
      const workers = await surface.runtime.listWorkers();
      return { status: 200, body: { items: workers.map(toWorkerResource) } };
    },

    describeApi: () => {
      description ??= describeApi({ title: "Holdfast", version: "1.0.0" });
      return { status: 200, body: { ...description } };
    },

    getLiveness: () => ({ status: 200, body: { isLive: true } }),

    async getReadiness({ query }) {
      const store = await probeStore(surface);
      const isDraining = surface.isDraining();
      const isReady = store.isReachable && !isDraining;
      return { status: isReady ? 200 : 503, body: { isReady, isDraining, ...(query.verbose ? { store } : {}) } };
    },
  };
}

/** A probe answers in time, whatever the store does. */
async function probeStore({ runtime, probeMs }: Surface): Promise<NonNullable<Readiness["store"]>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new AppError("store.unavailable")), probeMs);
  });
  try {
    const { ack, description } = await Promise.race([runtime.ping(), late]);
    return { isReachable: true, ack, description };
  } catch (error) {
    return { isReachable: false, code: toProblem(error).code };
  } finally {
    clearTimeout(timer);
  }
}

function toWorkerResource({ node, executors, concurrency, startedAt, seenAt }: WorkerRecord) {
  return {
    node,
    executors: executors.map(({ name, version }) => ({ name, version })),
    concurrency,
    startedAt: isoOf(startedAt),
    seenAt: isoOf(seenAt),
  };
}
