/**
 * An API process, from its start to its end. The first signal makes it unready
 * and answers what is in flight.
 */
import { createHttpServer } from "@holdfast/http";
import { createHoldfast } from "holdfast";
import { endOnSignal, reportTo } from "holdfast/process";
import type { Logger } from "pino";
import type { ApiConfig } from "../config/api-config.ts";

/** What a server serves, and how. */
export interface ApiOptions {
  readonly config: ApiConfig;
  readonly logger: Logger;
}

/** Serves until the process is told to end. Resolves when it listens. */
export async function runApi({ config, logger }: ApiOptions): Promise<void> {
  const holdfast = await createHoldfast({ ...config.connection, onReport: reportTo(logger) });
  const { runtime, tenantId } = holdfast;
  const server = createHttpServer({ runtime, tenantId, logger, limits: { drainMs: config.drainMs } });
  const close = async () => {
    await server.close();
    await holdfast.close({ graceMs: 0 });
  };
  try {
    const url = await server.listen(config);
    endOnSignal({ name: "api", close, log: logger });
    process.stdout.write(`${JSON.stringify({ ready: true, url })}\n`);
    logger.info({ url, node: holdfast.node }, "api ready");
  } catch (error) {
    await close();
    throw error;
  }
}
